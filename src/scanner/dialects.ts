/** Which dialect a protocol is visited in. */
import type { CheckProtocol } from '../findings/endpoint.ts';
import { lmtpDialect, smtpDialect } from './dialects/smtp.ts';
import type { Dialect } from './visit.ts';

const dialects: Partial<Readonly<Record<CheckProtocol, Dialect>>> = {
  smtp: smtpDialect,
  submission: smtpDialect,
  lmtp: lmtpDialect,
};

/** @throws Error where nobody has taught us the protocol. */
export function dialectOf(protocol: CheckProtocol): Dialect {
  const dialect = dialects[protocol];
  if (dialect === undefined) throw new Error(`${protocol} cannot be visited`);
  return dialect;
}
