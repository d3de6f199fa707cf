/** From options and configuration to a tester, with everything that it works with. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Depth } from '../../findings/endpoint.ts';
import { formatMailDomain } from '../../names/mailbox.ts';
import { openObserver } from '../../scanner/observe.ts';
import type { OptOut } from '../../scanner/opt-out.ts';
import { openPace } from '../../scanner/pace.ts';
import { isOurs, openTester, type Tester } from '../../scanner/tester.ts';
import type { Config } from '../config/config.ts';
import type { DnsFiles } from '../config/files.ts';
import { noticeOf } from '../dns-notices.ts';
import { openLookUps } from '../look-up.ts';
import { asksOnlyThisHost } from '../policy-engine.ts';

/** What the options say of every visit. */
export interface CheckTerms {
  readonly depth: Depth;
  readonly intrusive: boolean;
  readonly allowPrivate: boolean;
  /** Whether every suite is listed, beside the budget. */
  readonly everySuite?: boolean;
  /** Doors that are visited at the same time. */
  readonly concurrency: number;
  /** Milliseconds between two connections to the same address. */
  readonly gapMs: number;
  /** Milliseconds for one connection, from its beginning to its end. */
  readonly timeoutMs: number;
  readonly optOut: OptOut;
  /** Hears what is wrong with the resolvers, each thing once. */
  readonly onNotice: (text: string) => void;
}

export interface OpenedCheck {
  readonly tester: Tester;
  close(): Promise<void>;
}

/** Nothing that a policy host does takes longer than a server may. */
const LONGEST_FETCH_MS = 60_000;

/** @throws StoreError where the store of the data folder is there and cannot be read. */
export function openCheck(config: Config, files: DnsFiles, terms: CheckTerms): OpenedCheck {
  const told = new Set<string>();
  const lookUps = openLookUps(config, files, {
    whenUnprovable: 'use',
    fetchMs: Math.min(terms.timeoutMs, LONGEST_FETCH_MS),
    onNotice: (test) => {
      const notice = noticeOf(test, config.dns.dnssec);
      if (notice === undefined || told.has(notice.says)) return;
      told.add(notice.says);
      terms.onNotice(`${notice.says} ${notice.remedy}`);
    },
  });
  const scanner = formatMailDomain(config.check.hello);
  const lab = asksOnlyThisHost(config);
  const observer = openObserver({
    helloName: scanner,
    roots: files.roots,
    timeoutMs: terms.timeoutMs,
    now: Date.now,
  });
  const pace = openPace({
    gapMs: terms.gapMs,
    concurrency: terms.concurrency,
    isOurs: (address) => isOurs(address, { lab }),
    clock: () => performance.now(),
    sleep: (ms) => sleep(ms),
  });
  const { depth, intrusive, allowPrivate, everySuite = false, optOut } = terms;
  const tester = openTester(
    { ...lookUps.hands, observer, pace, now: Date.now, random: Math.random },
    { depth, intrusive, allowPrivate, everySuite, optOut, scanner, lab, smtpPort: config.relay.smtpPort },
  );
  return {
    tester,
    async close() {
      observer.close();
      await lookUps.close();
    },
  };
}
