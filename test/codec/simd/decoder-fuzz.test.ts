// A short run of the decoder fuzzer, and each input that once broke the decoder.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { STATUS_BAD_RECTANGLE } from "../../../src/codec/kernel/status.ts";
import { FuzzFixture, fuzz } from "../../fuzz/decoder.ts";
import { BUILDS, missingPrograms, DecoderFixture } from "../../support/decoder-kernel.ts";

const fixtures = join(import.meta.dir, "../../fixtures/decoder");

test("the guard bytes show a byte that is written next to the given memory", async () => {
  const fixture = await DecoderFixture.create("plain");
  const at = fixture.allocate(100);
  expect(fixture.brokenGuard()).toBe(-1);
  fixture.bytes[at + 100] = 0;
  expect(fixture.brokenGuard()).toBe(at + 100);
});

for (const build of BUILDS) {
  describe(`decoder fuzzing, ${build} SIMD`, () => {
    test.skipIf(missingPrograms() !== "")(
      "the decoder survives 1,500 mutated JPEGs without a trap or a write out of bounds",
      async () => {
        const result = await fuzz({ build, count: 1500, seconds: 30, seed: 20 });
        expect(result.runs).toBeGreaterThan(100);
        expect(result.decoded).toBeGreaterThan(result.runs / 5);
        // Times mean nothing on a busy machine. The fuzzer reports them when it runs alone.
        expect(
          result.findings.filter((finding) => !finding.what.startsWith("took")).map((finding) => finding.what),
        ).toEqual([]);
      },
      120_000,
    );

    test("the decoder survives the inputs that once broke it", async () => {
      const fixture = await FuzzFixture.create(build);
      const names = readdirSync(fixtures).filter((name) => name.endsWith(".jpg"));
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        const jpeg = new Uint8Array(readFileSync(join(fixtures, name)));
        for (const isTiled of [false, true]) {
          for (const box of [false, true]) {
            const { status } = fixture.run(jpeg, isTiled, box);
            // A rectangle outside the picture would be an error of this test and not of the JPEG.
            expect(status, name).not.toBe(STATUS_BAD_RECTANGLE);
            fixture.checkGuards();
          }
        }
      }
    });
  });
}
