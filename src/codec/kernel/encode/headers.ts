// Writes the marker segments before the first tile, from SOI to SOS (T.81 annex B, JFIF 1.02).
//
// SOI, APP0 (JFIF, square pixels), one DQT per table, SOF0 (baseline), one DHT per table, DRI, SOS. Numbers are big-endian.
// Luma has one quantisation table and one pair of Huffman tables; both chroma components share another.

import { huffmanSpecification, huffmanValueCount } from "../huffman-annex-k";
import {
  SAMPLING_420,
  SAMPLING_422,
  STATE_COMPONENTS,
  STATE_HEADER,
  STATE_HEADER_BYTES,
  STATE_HEIGHT_PIXELS,
  STATE_RESTART_INTERVAL_MCUS,
  STATE_SAMPLING,
  STATE_WIDTH_PIXELS,
} from "./layout";
import { quantiser } from "./quantisation-tables";

function putByte(at: usize, value: i32): usize {
  store<u8>(at, <u8>value);
  return at + 1;
}

function putTwoBytes(at: usize, value: i32): usize {
  store<u16>(at, bswap(<u16>value));
  return at + 2;
}

/** Writes a marker and, if the segment has parameters, its length (which includes the length field). */
function putMarker(at: usize, marker: i32, segmentBytes: i32): usize {
  at = putTwoBytes(at, 0xff00 | marker);
  return segmentBytes > 0 ? putTwoBytes(at, segmentBytes) : at;
}

function putQuantisationTable(at: usize, destination: i32, quality: i32): usize {
  at = putMarker(at, 0xdb, 67);
  at = putByte(at, destination);
  for (let k = 0; k < 64; k++) at = putByte(at, quantiser(destination, k, quality));
  return at;
}

function putHuffmanTable(at: usize, tableClass: i32, destination: i32): usize {
  const specification = huffmanSpecification(tableClass, destination);
  const bytes = 16 + huffmanValueCount(specification);
  at = putMarker(at, 0xc4, 3 + bytes);
  at = putByte(at, (tableClass << 4) | destination);
  memory.copy(at, specification, bytes);
  return at + bytes;
}

/** Writes the header into the state, which must already contain sizes, sampling and restart interval. */
export function buildHeader(state: usize, quality: i32): void {
  const start = state + STATE_HEADER;
  const components = load<i32>(state, STATE_COMPONENTS);
  const sampling = load<i32>(state, STATE_SAMPLING);
  let at = putMarker(start, 0xd8, 0);

  at = putMarker(at, 0xe0, 16);
  store<u32>(at, 0x4649464a); // "JFIF"
  at = putByte(at + 4, 0);
  at = putTwoBytes(at, 0x0101); // version 1.01: no extensions
  at = putByte(at, 0); // the density below is an aspect ratio
  at = putTwoBytes(at, 1);
  at = putTwoBytes(at, 1);
  at = putTwoBytes(at, 0); // no thumbnail

  const tables = min(components, 2);
  for (let table = 0; table < tables; table++) at = putQuantisationTable(at, table, quality);

  at = putMarker(at, 0xc0, 8 + 3 * components);
  at = putByte(at, 8);
  at = putTwoBytes(at, load<i32>(state, STATE_HEIGHT_PIXELS));
  at = putTwoBytes(at, load<i32>(state, STATE_WIDTH_PIXELS));
  at = putByte(at, components);
  for (let component = 0; component < components; component++) {
    const lumaFactors = sampling == SAMPLING_420 ? 0x22 : sampling == SAMPLING_422 ? 0x21 : 0x11;
    at = putByte(at, component + 1);
    at = putByte(at, component == 0 ? lumaFactors : 0x11);
    at = putByte(at, component == 0 ? 0 : 1);
  }

  for (let table = 0; table < tables; table++) {
    at = putHuffmanTable(at, 0, table);
    at = putHuffmanTable(at, 1, table);
  }

  at = putMarker(at, 0xdd, 4);
  at = putTwoBytes(at, load<i32>(state, STATE_RESTART_INTERVAL_MCUS));

  at = putMarker(at, 0xda, 6 + 2 * components);
  at = putByte(at, components);
  for (let component = 0; component < components; component++) {
    at = putByte(at, component + 1);
    at = putByte(at, component == 0 ? 0x00 : 0x11);
  }
  at = putByte(at, 0);
  at = putByte(at, 63);
  at = putByte(at, 0);
  store<i32>(state, <i32>(at - start), STATE_HEADER_BYTES);
}
