/**
 * The end of a handshake that nobody wants to finish: user_canceled, then close_notify (RFC 8446 §6.1, RFC 5246 §7.2.2).
 *
 * Tried: Exim logs that the client has canceled, instead of a connection that broke off; Postfix logs what it does of any client
 * that hangs up, where a fatal alert brings a warning more.
 */
import { CLOSE_NOTIFY } from './alerts.ts';
import { number, vector } from './octets.ts';
import type { ServerFlight } from './server-flight.ts';
import { SSL_3, TLS_1_2, TLS_1_3 } from './versions.ts';

const ALERT = 21;
const WARNING = 1;
const USER_CANCELED = 90;

/** @returns null where the server has had the last word, was not heard at all, or would only understand encrypted ones. */
export function goodbyeTo(flight: ServerFlight): Uint8Array | null {
  const { serverHello, helloRetryRequest, end } = flight;
  if (end !== null) return null;
  // RFC 8446 §5.1: one alert to a record; records of TLS 1.3 call themselves 1.2.
  if (helloRetryRequest !== null) return alerts(TLS_1_2, USER_CANCELED, CLOSE_NOTIFY);
  if (serverHello === null || serverHello.version === TLS_1_3) return null;
  return serverHello.version === SSL_3
    ? alerts(SSL_3, CLOSE_NOTIFY)
    : alerts(serverHello.version, USER_CANCELED, CLOSE_NOTIFY);
}

function alerts(version: number, ...codes: readonly number[]): Uint8Array {
  const records = codes.map((code) => [
    number(ALERT, 1),
    number(version, 2),
    vector(2, Uint8Array.of(WARNING, code)),
  ]);
  return Buffer.concat(records.flat());
}
