/** What a server has said, on one line. */
import { createHash } from 'node:crypto';
import { alertName } from '../../../../src/tls/hello/alerts.ts';
import { groupName } from '../../../../src/tls/hello/groups.ts';
import type { ServerFlight } from '../../../../src/tls/hello/server-flight.ts';
import { signatureSchemeName } from '../../../../src/tls/hello/signature-schemes.ts';
import { suiteName } from '../../../../src/tls/hello/suites.ts';
import { versionName } from '../../../../src/tls/hello/versions.ts';

export function told(flight: ServerFlight): string {
  return [...parts(flight)].join(', ');
}

/** The beginning of the SHA-256 by which `openssl x509 -fingerprint -sha256` knows it. */
export function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex').slice(0, 8);
}

function* parts(flight: ServerFlight): Generator<string> {
  const { serverHello, helloRetryRequest, certificates, serverKeyExchange, certificateRequest, end } = flight;
  if (serverHello !== null) {
    yield `${versionName(serverHello.version)} ${suiteName(serverHello.suite)}`;
    if (serverHello.compression !== 0) yield `compression ${serverHello.compression}`;
    if (serverHello.extendedMasterSecret) yield 'EMS';
    if (serverHello.encryptThenMac) yield 'EtM';
    if (serverHello.renegotiationInfo) yield 'secure renegotiation';
    if (serverHello.alpn !== null) yield `ALPN ${serverHello.alpn}`;
    if (serverHello.keyShare !== null)
      yield `share of ${groupName(serverHello.keyShare.group)}, ${serverHello.keyShare.key.length} octets`;
    if (serverHello.couldSpeak !== null) yield `could speak ${serverHello.couldSpeak}`;
  }
  if (helloRetryRequest !== null) {
    const { suite, group, cookie } = helloRetryRequest;
    yield `retry with ${group === null ? 'the same group' : groupName(group)} ${suiteName(suite)}`;
    if (cookie !== null) yield `cookie of ${cookie.length} octets`;
  }
  if (certificates !== null) yield `certificates ${certificates.map(fingerprint).join(' ')}`;
  if (flight.certificateStatus !== null) yield `OCSP of ${flight.certificateStatus.length} octets`;
  if (serverKeyExchange !== null) {
    const { kind, isSigned, signatureScheme } = serverKeyExchange;
    if (kind === 'ecdhe')
      yield `${groupName(serverKeyExchange.group)}, ${serverKeyExchange.key.length} octets`;
    else yield kind === 'dhe' ? `prime of ${serverKeyExchange.prime.length} octets` : kind;
    yield signatureScheme !== null
      ? signatureSchemeName(signatureScheme)
      : isSigned
        ? 'signed'
        : 'not signed';
  }
  if (certificateRequest !== null) {
    const { types, signatureSchemes, authorities } = certificateRequest;
    yield `asks for certificates ${types.join(' ')} of ${authorities.length} authorities`;
    if (signatureSchemes !== null) yield `by ${signatureSchemes.length} schemes`;
  }
  if (flight.serverHelloDone) yield 'done';
  if (flight.sslv2 !== null) yield `SSL 2.0 ${flight.sslv2.kind}`;
  if (flight.encrypted > 0) yield `${flight.encrypted} octets encrypted`;
  for (const { level, code } of flight.alerts) yield `${level} ${alertName(code)}`;
  if (flight.unread > 0) yield `${flight.unread} octets unread`;
  if (end !== null && end.kind !== 'alert')
    yield end.kind === 'not-tls' ? 'not TLS' : `${end.kind}: ${end.because}`;
}
