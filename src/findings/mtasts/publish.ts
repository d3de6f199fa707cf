/** The record, the file and the server of an MTA-STS policy, made from what the domain has. */
import { formatMoment } from '../../names/calendar.ts';
import type { Domain } from '../../names/domain.ts';
import type { PasteLine, Remedy } from '../check.ts';

/** A policy with this age is forgotten within a day, should it turn out wrong. Seconds. */
export const TESTING_AGE = 86_400;
/** Two weeks: long enough to outlive an attack on the look-up, short enough for the beginning. Seconds. */
export const ENFORCE_AGE = 1_209_600;
/** Half a year: "as long as is practical" (RFC 8461 §10.2). Seconds. */
export const LONG_AGE = 15_552_000;

/** The file, line by line. */
export function policyLines(
  mode: 'testing' | 'enforce' | 'none',
  mx: readonly string[],
  maxAge: number,
): readonly PasteLine[] {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), `max_age: ${maxAge}`];
  return lines.map((text) => ({ for: 'policy-file', text }));
}

/** An id that no earlier record has had: the moment, in digits. @param now milliseconds since 1970. */
export function newId(now: number): string {
  return formatMoment(Math.floor(now / 1000)).replaceAll(/\D/g, '');
}

/** The record that tells senders of a new policy. */
function recordLine(domain: Domain, now: number): PasteLine {
  return { for: 'dns', text: `_mta-sts.${domain}. IN TXT "v=STSv1; id=${newId(now)};"` };
}

/**
 * How senders are told of a new file.
 *
 * @param order for an own record. @param alias what `_mta-sts` is an alias of, where it is delegated (RFC 8461 §8.2): beside that
 * no record can stand, and one in its place would keep the changes of whoever runs the other from senders.
 */
export function recordRemedy(domain: Domain, now: number, order: string, alias: string | undefined): Remedy {
  const verify = verifyStsCommand(domain);
  if (alias === undefined) return { who: 'dns-owner', do: order, lines: [recordLine(domain, now)], verify };
  return {
    who: 'web-host',
    do: `Then, not before, have the record at ${alias} given a new id: _mta-sts.${domain} is an alias of it, so this is for whoever runs that. No record of your own goes beside the alias or in its place.`,
    verify,
  };
}

/** How a policy host is set up: its name, unless it has an address, its certificate, and the one file that it serves. */
export function policyHostRemedies(domain: Domain, hasAddress: boolean): readonly Remedy[] {
  return [
    ...(hasAddress ? [] : [addressRemedy(domain)]),
    {
      who: 'web-host',
      do: `Have mta-sts.${domain} serve the file itself, without a redirect, as text/plain, with a certificate for this name (the paths are examples).`,
      lines: nginxLines(domain),
      verify: `curl -i https://mta-sts.${domain}/.well-known/mta-sts.txt`,
    },
  ];
}

function addressRemedy(domain: Domain): Remedy {
  return {
    who: 'dns-owner',
    do: `Give mta-sts.${domain} the address of a web server.`,
    lines: [
      { for: 'dns', text: `mta-sts.${domain}. IN A <IPv4 address of the web server>` },
      { for: 'dns', text: `mta-sts.${domain}. IN AAAA <IPv6 address, if it has one>` },
    ],
  };
}

function nginxLines(domain: Domain): readonly PasteLine[] {
  const lines = [
    'server {',
    '    listen 443 ssl;',
    '    listen [::]:443 ssl;',
    `    server_name mta-sts.${domain};`,
    `    ssl_certificate /etc/letsencrypt/live/mta-sts.${domain}/fullchain.pem;`,
    `    ssl_certificate_key /etc/letsencrypt/live/mta-sts.${domain}/privkey.pem;`,
    `    location = /.well-known/mta-sts.txt { default_type text/plain; alias /var/www/mta-sts.${domain}.txt; }`,
    '}',
  ];
  return lines.map((text) => ({ for: 'nginx', text }));
}

/** What shows how it stands. */
export function verifyStsCommand(domain: string): string {
  return `waxwing check ${domain} --only mtasts`;
}
