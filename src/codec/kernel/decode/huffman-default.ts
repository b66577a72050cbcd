// Uses the tables of T.81 annex K.3 if a stream has none.

import { huffmanSpecification, huffmanValueCount } from "../huffman-annex-k";
import { DHT_BYTES, DHT_PRESENT, DHT_TABLES, DHT_VALUES } from "./layout";

function put(state: usize, table: i32, source: usize, bytes: i32): void {
  const target = state + DHT_TABLES + table * DHT_BYTES;
  memory.fill(target, 0, DHT_BYTES);
  memory.copy(target, source, bytes);
  store<u32>(target + DHT_PRESENT, 1);
}

/**
 * Fills a table slot (0-3 DC, 4-7 AC) that no DHT has filled: the first slot of a kind with the luminance table, the others with
 * the chrominance table, as other decoders do.
 */
export function defaultHuffmanTable(state: usize, table: i32): void {
  if (load<u32>(state + DHT_TABLES + table * DHT_BYTES + DHT_PRESENT) != 0) return;
  const specification = huffmanSpecification(table >> 2, (table & 3) == 0 ? 0 : 1);
  put(state, table, specification, DHT_VALUES + huffmanValueCount(specification));
}
