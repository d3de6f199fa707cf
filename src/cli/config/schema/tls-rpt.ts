/** `[tls_rpt]`: what is kept of sessions for reports, and where a Postfix on this host tells of its own. */
import { z } from 'zod';
import { type Parsed, quote } from '../../../names/domain.ts';
import { parseDuration, parsePath } from '../values.ts';
import { complaints, text } from './kit.ts';

/** sockaddr_un holds 108 octets, the last of them NUL. */
const MOST_PATH_OCTETS = 107;
const DAY_MS = 86_400_000;

export const tlsRpt = z
  .strictObject({
    keep: text(parseDays)
      .prefault('10d')
      .describe('How long results of sessions are kept, in whole days of UTC.'),
    socket: text(parseSocketPath, '/var/spool/postfix/run/tlsrpt/tlsrpt.sock')
      .optional()
      .describe(
        'Socket at which a Postfix on this host (3.10 or later, smtp_tlsrpt_socket_name) tells of its sessions. Default: none.',
      ),
    socket_mode: text(parseMode)
      .prefault('0660')
      .describe('Mode of the socket file, octal: whoever may write to it may tell of sessions.'),
    socket_group: text(parseGroup, 'postfix')
      .optional()
      .describe('Group of the socket file. Default: that of waxwing.'),
  })
  .superRefine(({ socket, socket_group: group }, context) => {
    if (group !== undefined && socket === undefined)
      complaints(context)('socket_group', 'stands without socket: there is no file to give to a group');
  })
  .prefault({})
  .describe('Results of TLS sessions, as TLS-RPT tells them.');

function parseDays(written: string): Parsed<number> {
  const parsed = parseDuration(written);
  return parsed.kind === 'ok' && parsed.value % DAY_MS !== 0
    ? { kind: 'invalid', because: `${quote(written)} is not a number of whole days such as "10d"` }
    : parsed;
}

/** The file of a socket. */
export function parseSocketPath(written: string): Parsed<string> {
  if (Buffer.byteLength(written) > MOST_PATH_OCTETS)
    return { kind: 'invalid', because: `is longer than ${MOST_PATH_OCTETS} octets, which no socket can be` };
  return parsePath(written);
}

/** Octal digits. */
export function parseMode(written: string): Parsed<string> {
  if (/^0?[0-7]{3}$/.test(written)) return { kind: 'ok', value: written };
  return { kind: 'invalid', because: `${quote(written)} is not a mode such as "0660"` };
}

function parseGroup(written: string): Parsed<string> {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(written)) return { kind: 'ok', value: written };
  return { kind: 'invalid', because: `${quote(written)} is not the name of a group` };
}
