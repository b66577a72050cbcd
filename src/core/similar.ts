// Which known word somebody meant who wrote another: for 'did you mean' where commander, which knows flags, is not asked.

/** As commander allows of flags: so many letters off at most, and more than so much of the word right. */
const MOST_WRONG = 3;
const LEAST_SIMILARITY = 0.4;

/** The known word that is nearest to `word`, or null where none is near. */
export function similarTo(word: string, known: readonly string[]): string | null {
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    const length = Math.max(word.length, candidate.length);
    if (distance > MOST_WRONG || (length - distance) / length <= LEAST_SIMILARITY) continue;
    if (best === null || distance < best.distance) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

/** Letters to insert, leave out or change, to make one of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...a].entries()) {
    const line = [row + 1];
    for (let at = 0; at < b.length; at++) {
      const changed = (above[at] ?? 0) + (letter === b[at] ? 0 : 1);
      line.push(Math.min(changed, (above[at + 1] ?? 0) + 1, (line[at] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
