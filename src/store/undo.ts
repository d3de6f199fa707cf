/** Takes back what was changed in memory, where the transaction that it belonged to was rolled back. */

export interface Undo {
  /** From now on changes may have to be taken back. */
  begun(): void;
  /** `step` reverts a change that was just made. */
  readonly add: (step: () => void) => void;
  committed(): void;
  rolledBack(): void;
}

export function createUndo(): Undo {
  let steps: (() => void)[] | undefined;
  return {
    begun() {
      steps = [];
    },
    add: (step) => void steps?.push(step),
    committed() {
      steps = undefined;
    },
    rolledBack() {
      const reverted = steps?.toReversed() ?? [];
      steps = undefined;
      for (const step of reverted) step();
    },
  };
}
