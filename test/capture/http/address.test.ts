// Addresses of cameras with passwords in the forms that people write.

import { expect, test } from "bun:test";
import { parseAddress } from "../../../src/capture/http/address.ts";
import { UsageError } from "../../../src/core/errors.ts";

test.each([
  ["http://camera/video?a=1#part", "http://camera/video?a=1", null, null],
  ["http://admin:secret@camera:8080/", "http://camera:8080/", "admin", "secret"],
  ["https://admin:a%20b%40c@[::1]/", "https://[::1]/", "admin", "a b@c"],
  ["http://admin:p@ss@camera/", "http://camera/", "admin", "p@ss"],
  ["http://admin:100%@camera/", "http://camera/", "admin", "100%"],
  ["http://admin:50%25%2F100%@camera/", "http://camera/", "admin", "50%/100%"],
  ["http://us%40er:%FFx%C3%A9@camera/", "http://camera/", "us@er", "%FFxé"],
  ["http://admin:a#b?c/d@camera/v", "http://camera/v", "admin", "a#b?c/d"],
  ["http://admin@camera/", "http://camera/", "admin", ""],
])("parseAddress: reads %s", (text, url, user, password) => {
  const { url: found, credentials } = parseAddress(text, "name");
  expect(found.href).toBe(url);
  expect(credentials).toEqual(user === null || password === null ? null : { user, password });
});

test.each(["http://", "http://admin:secret@", "http://a b/"])("parseAddress: refuses %s without a password", (text) => {
  expect(() => parseAddress(text, "name")).toThrow(UsageError);
  expect(() => parseAddress(text, "name")).toThrow(/^(?!.*secret)name is not an address/);
});
