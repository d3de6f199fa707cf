/** What hellos of our own have shown, in words for evidence. */
import { alertName } from '../tls/hello/alerts.ts';
import { groupName } from '../tls/hello/groups.ts';
import { suiteName } from '../tls/hello/suites.ts';
import { versionName } from '../tls/hello/versions.ts';
import type { HelloSeen, HelloSession } from './hello-seen.ts';

/** `TLSv1.2, TLS_RSA_WITH_AES_128_CBC_SHA`. */
export function showSession({ version, suite }: Pick<HelloSession, 'version' | 'suite'>): string {
  return `${showVersion(version)}, ${suiteName(suite)}`;
}

export function showVersion(version: number): string {
  return versionName(version) ?? `version 0x${version.toString(16).padStart(4, '0')}`;
}

/** What came, as a sentence goes on: "It was answered with …". */
export function showAnswer(seen: HelloSeen): string {
  switch (seen.result) {
    case 'agreed':
      return `a session: ${showSession(seen.session)}`;
    case 'retry':
      return seen.group === null ? 'a HelloRetryRequest' : `a HelloRetryRequest for ${groupName(seen.group)}`;
    case 'sslv2':
      return 'a SERVER-HELLO of SSL 2.0';
    case 'refused':
      return seen.alert === null
        ? 'the end of the connection, without a word'
        : `the alert ${alertName(seen.alert)}`;
    case 'broken':
      return seen.because;
    case 'not-offered':
      return 'no offer of STARTTLS';
  }
}
