// A structure of the kernel in memory. Its fields are read and written by their names.

import { printable } from "../../core/printable.ts";
import { STRUCTS, type StructName } from "./layouts.ts";

export type FieldOf<Name extends StructName> = keyof (typeof STRUCTS)[Name]["fields"] & string;

/** A structure that is first all zeros. Numbers are little-endian, as on both supported processors. */
export class Struct<Name extends StructName = StructName> {
  readonly name: Name;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fields: Readonly<Record<string, number>>;

  constructor(name: Name) {
    this.name = name;
    this.bytes = new Uint8Array(STRUCTS[name].bytes);
    this.#view = new DataView(this.bytes.buffer);
    this.#fields = STRUCTS[name].fields;
  }

  /** Reads a field of 32 bits without a sign, which most fields are. */
  get(field: FieldOf<Name>): number {
    return this.#view.getUint32(this.#at(field), true);
  }

  /** Writes fields of 32 bits without a sign, and returns the structure. */
  set(values: Partial<Record<FieldOf<Name>, number>>): this {
    for (const field in values) {
      const value = values[field as FieldOf<Name>];
      if (value !== undefined) this.#view.setUint32(this.#at(field), value, true);
    }
    return this;
  }

  getInt32(field: FieldOf<Name>): number {
    return this.#view.getInt32(this.#at(field), true);
  }

  setInt32(field: FieldOf<Name>, value: number): void {
    this.#view.setInt32(this.#at(field), value, true);
  }

  /** Reads a field of 64 bits. Values beyond 2^53 are rounded. */
  getInt64(field: FieldOf<Name>): number {
    const at = this.#at(field); // The value is read in halves, so that no BigInt is needed for each frame's time stamp.
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  setInt64(field: FieldOf<Name>, value: bigint): void {
    this.#view.setBigInt64(this.#at(field), value, true);
  }

  /** Reads text that ends at a zero byte or at the end of the field. Only printable characters are kept. */
  text(field: FieldOf<Name>, fieldBytes: number): string {
    const at = this.#at(field);
    const bytes = this.bytes.subarray(at, at + fieldBytes);
    const end = bytes.indexOf(0);
    return printable(new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))).trim();
  }

  /** Reads a v4l2_fract, which is a numerator and then a denominator. */
  fraction(field: FieldOf<Name>): Fraction {
    const at = this.#at(field);
    return { numerator: this.#view.getUint32(at, true), denominator: this.#view.getUint32(at + 4, true) };
  }

  setFraction(field: FieldOf<Name>, { numerator, denominator }: Fraction): void {
    const at = this.#at(field);
    this.#view.setUint32(at, numerator, true);
    this.#view.setUint32(at + 4, denominator, true);
  }

  #at(field: string): number {
    const offset = this.#fields[field];
    if (offset === undefined) throw new Error(`struct ${this.name} has no field ${field}`);
    return offset;
  }
}

/** The interval between frames as a fraction of a second. */
export interface Fraction {
  numerator: number;
  denominator: number;
}
