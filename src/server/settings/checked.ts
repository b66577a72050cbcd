// A step of a schema whose rule is a function that throws UsageError.

import * as v from "valibot";
import { UsageError } from "../../core/errors.ts";

/** Adds an issue with the message of the UsageError that `check` throws. */
export function checked<Value>(check: (value: Value) => void) {
  return v.rawCheck<Value>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      check(dataset.value);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      addIssue({ message: error.message });
    }
  });
}

/** Calls `check`, and puts the subject before the message of its UsageError. */
export function checkAs<Value>(subject: string, check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${subject} ${error.message}`) : error;
  }
}
