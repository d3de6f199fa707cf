/** The list of those who asked not to be visited, as the configuration names it. */
import type { Parsed } from '../../names/domain.ts';
import { nobodyOptedOut, type OptOut, readOptOut } from '../../scanner/opt-out.ts';
import type { Config } from '../config/config.ts';
import { readText } from '../config/text-file.ts';

export async function optOutOf({ check: { optOutFile } }: Pick<Config, 'check'>): Promise<Parsed<OptOut>> {
  if (optOutFile === null) return { kind: 'ok', value: nobodyOptedOut };
  const text = await readText(optOutFile);
  const parsed = text.kind === 'ok' ? readOptOut(text.value) : text;
  return parsed.kind === 'ok'
    ? parsed
    : { kind: 'invalid', because: `check.opt_out: ${optOutFile}: ${parsed.because}` };
}
