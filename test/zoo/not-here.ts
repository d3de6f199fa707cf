/** Checks that nothing in the zoo provokes, or clears, and why; what tests them instead. */

export interface Elsewhere {
  readonly provoked?: string;
  readonly cleared?: string;
}

export const notHere: Readonly<Record<string, Elsewhere>> = {};
