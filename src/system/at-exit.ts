// What is left to do when this process ends at once, for example after a second Ctrl-C, which waits for nothing.

const tasks = new Set<() => void>();

function runAll(): void {
  for (const task of tasks) task();
}

/** Runs a task when the process exits, unless the returned object is disposed of before. The task must not wait for anything. */
export function atExit(task: () => void): Disposable {
  if (tasks.size === 0) process.on("exit", runAll);
  tasks.add(task);
  return {
    [Symbol.dispose]() {
      tasks.delete(task);
      if (tasks.size === 0) process.off("exit", runAll);
    },
  };
}
