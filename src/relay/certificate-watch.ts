/** Looks after the certificates of a running relay: takes renewed ones, keeps the old where the new are bad. */
import { stat } from 'node:fs/promises';
import type { Certificates } from '../net/certificates.ts';
import type { KeyPair } from '../net/tls.ts';
import { type CertificateFiles, datesOf, faultOfDates, readKeyPair } from './certificate.ts';

export interface WatchOptions {
  readonly files: readonly CertificateFiles[];
  /** What was read from these, in the same order, and is in use. */
  readonly pairs: readonly KeyPair[];
  readonly certificates: Pick<Certificates, 'replace'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How often the files are looked at. */
  readonly everyMs: number;
  readonly tell: (level: 'info' | 'warn' | 'error', what: string) => void;
}

export interface CertificateWatch {
  /** Looks now, and says at once what is wrong. */
  check(): Promise<void>;
  close(): void;
}

/** Whoever renews writes two files, one after the other; until the second is there, the pair does not fit. */
const SETTLES_WITHIN_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_BEFORE_MS = 14 * DAY_MS;

/** One pair of files. */
interface Watched {
  readonly files: CertificateFiles;
  /** In use. */
  pair: KeyPair;
  /** The state of the files that was dealt with last. */
  seen: string;
  /** Since when the files hold something that cannot be used, while nobody was told of it. */
  badSince: number | undefined;
  warnedAt: number;
}

/** Looks again and again until it is closed; the timer does not keep the process. */
export function watchCertificates(options: WatchOptions): CertificateWatch {
  const { files, pairs, now, everyMs, tell } = options;
  const watched = files.flatMap((each, index): Watched[] => {
    const pair = pairs[index];
    return pair === undefined
      ? []
      : [{ files: each, pair, seen: '', badSince: undefined, warnedAt: firstWarning(pair, now()) }];
  });
  let closed = false;
  let looking: Promise<void> = Promise.resolve();

  const look = async (patienceMs: number): Promise<void> => {
    for (const one of watched) {
      await renew(one, patienceMs);
      warnOfExpiry(one);
    }
  };
  /** One look after the other: two at once would tell everything twice. */
  const check = (patienceMs: number): Promise<void> => {
    looking = looking.then(() => (closed ? undefined : look(patienceMs)));
    return looking;
  };

  async function renew(one: Watched, patienceMs: number): Promise<void> {
    const stamp = await stampOf(one.files);
    if (stamp === one.seen && one.badSince === undefined) return;
    const fault = await takeOver(one);
    if (fault !== undefined) {
      one.badSince ??= now();
      if (now() - one.badSince < patienceMs) return;
      tell('error', `the certificate was changed and cannot be used, the old one stays: ${fault}`);
    }
    one.badSince = undefined;
    one.seen = stamp;
  }

  /** @returns why the new pair cannot be used. */
  async function takeOver(one: Watched): Promise<string | undefined> {
    const read = await readKeyPair(one.files);
    if (read.kind === 'invalid') return read.faults.map(({ because }) => because).join('; ');
    const { pair } = read;
    if (pair.certPem === one.pair.certPem && pair.keyPem === one.pair.keyPem) return undefined;
    const outOfDate = faultOfDates(pair, now());
    if (outOfDate !== undefined) return `${one.files.certFile} ${outOfDate}`;
    if (closed) return undefined;
    try {
      options.certificates.replace(watched.map((each) => (each === one ? pair : each.pair)));
    } catch (error) {
      return `${one.files.certFile}: ${error instanceof Error ? error.message : String(error)}`;
    }
    one.pair = pair;
    one.warnedAt = Number.NEGATIVE_INFINITY;
    tell('info', `the certificate in ${one.files.certFile} was renewed and is in use; ${expiryOf(pair)}`);
    return undefined;
  }

  function warnOfExpiry(one: Watched): void {
    const left = (datesOf(one.pair)?.to ?? 0) - now();
    if (left > WARN_BEFORE_MS || now() - one.warnedAt < DAY_MS) return;
    one.warnedAt = now();
    tell('warn', `the certificate in ${one.files.certFile} has to be renewed: ${expiryOf(one.pair)}`);
  }

  const timer = setInterval(() => void check(SETTLES_WITHIN_MS), everyMs);
  timer.unref();
  return {
    check: () => check(0),
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** Whoever starts with a certificate that is out of date says so; the next word about it is for tomorrow. */
function firstWarning(pair: KeyPair, now: number): number {
  return faultOfDates(pair, now) === undefined ? Number.NEGATIVE_INFINITY : now;
}

function expiryOf(pair: KeyPair): string {
  const to = datesOf(pair)?.to;
  return to === undefined ? 'its dates cannot be read' : `it is valid until ${new Date(to).toISOString()}`;
}

/** Changes whenever one of the files is written or replaced. */
async function stampOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const stamps = [certFile, keyFile].map(async (file) => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(file);
      return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    }
  });
  return (await Promise.all(stamps)).join(' ');
}
