/** The profiles that come with the program, by their names. */
import { bod1801 } from './bod-18-01.ts';
import { bsiTr03108 } from './bsi-tr-03108.ts';
import { daneReady } from './dane-ready.ts';
import { defaultProfile } from './default.ts';
import { mtaStsReady } from './mta-sts-ready.ts';
import { ncscNl202505 } from './ncsc-nl-2025-05.ts';
import type { Profile } from './profile.ts';

export const builtIn: readonly Profile[] = [
  defaultProfile,
  mtaStsReady,
  daneReady,
  ncscNl202505,
  bsiTr03108,
  bod1801,
];

/** In the order in which they are told. */
export const builtInNames: readonly string[] = builtIn.map(({ name }) => name);

export function builtInNamed(wanted: string): Profile | undefined {
  return builtIn.find(({ name }) => name === wanted);
}
