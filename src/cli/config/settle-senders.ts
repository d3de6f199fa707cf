/** Settles how envelope senders are rewritten: of mail that is sent on, and of the copies of bulk mail. */
import type { Config } from './config.ts';
import type { ParsedConfig } from './schema.ts';
import type { Sources } from './sources.ts';

/** null: mail is not sent on. */
export function toForwarding(
  { srs_domain: srsDomain, srs_secret_file: file }: ParsedConfig['forwarding'],
  sources: Pick<Sources, 'absolute'>,
): Config['forwarding'] {
  if (srsDomain === undefined || file === undefined) return null;
  return { srsDomain, secretFile: sources.absolute('forwarding.srs_secret_file', file) };
}

export function toBounces(
  parsed: ParsedConfig['bounces'],
  sources: Pick<Sources, 'absolute'>,
): Config['bounces'] {
  const { secret_file: file, suppress_after: after } = parsed;
  return {
    addresses: parsed.addresses ?? [],
    secretFile: file === undefined ? null : sources.absolute('bounces.secret_file', file),
    delimiters: parsed.verp_delimiters,
    filter: parsed.verp_delimiter_filter,
    suppress: after === undefined ? null : { after, withinMs: parsed.suppress_within },
  };
}
