/** Values of gateways as operators write them: backends, names of servers, rules for clients. */
import type { BackendTarget } from '../../gateway/settings.ts';
import { type Host, parseHost, parseHostPort } from '../../names/address.ts';
import { type Parsed, parseDomain, quote } from '../../names/domain.ts';
import type { ClientRule } from '../../tls/client-proof.ts';

const UNIX = 'unix:';
/** What a unix socket may be called: Linux takes 108 octets, the last of them NUL. */
const MAX_SOCKET_PATH = 107;

/** Reads `127.0.0.1:143`, `[::1]:143`, `mail.example.net:143` or `unix:/run/imap.sock`. */
export function parseBackend(text: string): Parsed<BackendTarget> {
  if (!text.startsWith(UNIX)) {
    const target = parseHostPort(text);
    return target.kind === 'ok' ? { kind: 'ok', value: { kind: 'tcp', ...target.value } } : target;
  }
  const path = text.slice(UNIX.length);
  if (!path.startsWith('/') || path.includes('\0')) {
    return { kind: 'invalid', because: `${quote(text)} is not unix: and an absolute path` };
  }
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    return {
      kind: 'invalid',
      because: `the path in ${quote(text)} is longer than ${MAX_SOCKET_PATH} octets`,
    };
  }
  return { kind: 'ok', value: { kind: 'unix', path } };
}

/** Reads a name, or an address, that a certificate has to prove. */
export function parseServerName(text: string): Parsed<Host> {
  return parseHost(text);
}

/**
 * Reads what a certificate may prove: a name, `.suffix` for all names below it, an address, or `sha256:` and 64 hexadecimal
 * digits, with or without colons.
 */
export function parseClientRule(text: string): Parsed<ClientRule> {
  if (text.startsWith('.')) {
    const suffix = parseDomain(text.slice(1));
    return suffix.kind === 'ok'
      ? { kind: 'ok', value: { kind: 'name', host: { kind: 'under', suffix: suffix.value } } }
      : suffix;
  }
  if (!/^sha256:/i.test(text)) {
    const host = parseHost(text);
    return host.kind === 'ok' ? { kind: 'ok', value: { kind: 'name', host: host.value } } : host;
  }
  const hex = text.slice('sha256:'.length).replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex)
    ? { kind: 'ok', value: { kind: 'sha256', hex } }
    : { kind: 'invalid', because: `${quote(text)} is not sha256: and 64 hexadecimal digits` };
}

/** As the operator writes it. */
export function formatClientRule(rule: ClientRule): string {
  if (rule.kind === 'sha256') return `sha256:${rule.hex}`;
  if (rule.host.kind === 'under') return `.${rule.host.suffix}`;
  return rule.host.kind === 'ip' ? rule.host.address : rule.host.name;
}
