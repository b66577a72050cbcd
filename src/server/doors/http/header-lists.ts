// Lists in the fields of HTTP headers.

/** Returns the items of a list with commas (RFC 9110, 5.6.1). A missing field has one empty item. */
export function itemsOf(field: string | null): string[] {
  return (field ?? "").split(",").map((item) => item.trim());
}

/** Returns whether a list of If-None-Match has an entity tag. Weak tags count like strong ones (RFC 9110, 13.1.2). */
export function hasTag(field: string | null, tag: string): boolean {
  const opaque = (each: string) => each.replace(/^W\//, "");
  return itemsOf(field).some((each) => each === "*" || opaque(each) === opaque(tag));
}
