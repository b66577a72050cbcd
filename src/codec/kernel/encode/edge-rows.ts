// The rows of groups that exceed the right edge of the picture.

/**
 * Copies `units` units of `unitBytes` bytes (1 to 4) from `row` to `target`, starting with unit `first`. Units from `available`
 * on repeat the last one.
 */
export function stageRow(target: usize, row: usize, unitBytes: usize, first: i32, units: i32, available: i32): void {
  const copied = min(max(available - first, 0), units);
  memory.copy(target, row + <usize>first * unitBytes, <usize>copied * unitBytes);
  const last = row + <usize>(available - 1) * unitBytes;
  target += <usize>copied * unitBytes;
  const bytes = <usize>(units - copied) * unitBytes;
  if (unitBytes == 1) {
    memory.fill(target, load<u8>(last), bytes);
  } else if (unitBytes == 4) {
    const unit = load<u32>(last);
    for (let at: usize = 0; at < bytes; at += 4) store<u32>(target + at, unit);
  } else {
    for (let at: usize = 0; at < bytes; at += unitBytes) {
      for (let byte: usize = 0; byte < unitBytes; byte++) store<u8>(target + at + byte, load<u8>(last + byte));
    }
  }
}
