// Remembers the answers of the programs with which tests compare, so that both builds of a kernel share one run of a program.

/** Maps a command and its input to its answer. It is for programs that always give the same answer. */
export class ProgramAnswers<Answer> {
  readonly #answers = new Map<string, Answer>();

  /** Returns the remembered answer, or the answer of `ask`. Callers must not change it, because others get the same object. */
  of(command: readonly string[], input: Uint8Array, ask: () => Answer): Answer {
    const key = `${command.join(" ")} ${input.length} ${Bun.hash(input)}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = ask();
    this.#answers.set(key, answer);
    return answer;
  }
}
