/** What is told of a target at which this program itself has failed: one of millions is no reason to leave the others. */
import type { Target } from '../../findings/case.ts';
import type { Parsed } from '../../names/domain.ts';
import { formatTarget } from './target.ts';

/** Enough to say where. */
const MOST_LINES = 6;
const MOST_CHARACTERS = 1_000;

export function faultOf(target: Target, error: unknown): Extract<Parsed<never>, { kind: 'invalid' }> {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const where = told.split('\n', MOST_LINES).join('\n').slice(0, MOST_CHARACTERS);
  return {
    kind: 'invalid',
    because: `${formatTarget(target)}: waxwing itself has failed at it; please report this: ${where}`,
  };
}
