/** Look-ups of a command that serves nothing: a resolver and a policy engine for the time that it runs. */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import { borrowedStore } from '../lookup/borrowed-store.ts';
import type { PolicyHands } from '../lookup/drive.ts';
import type { PolicyEngine } from '../lookup/engine.ts';
import { recallFrom } from '../lookup/recall.ts';
import { openResolver, type Resolver, type ResolverOptions } from '../net/dns/resolver.ts';
import type { SelfTest } from '../net/dns/self-test.ts';
import { mailDns } from '../net/dns.ts';
import { soManyAtOnce } from '../scanner/permits.ts';
import { openPoliciesToRead } from '../store/open-policies.ts';
import type { PolicyReader } from '../store/policy-store.ts';
import type { Config } from './config/config.ts';
import type { DnsFiles } from './config/files.ts';
import { resolverOptionsOf } from './dns-settings.ts';
import { type EngineTerms, type FetchManners, policyEngine, policyFetch, storeOf } from './policy-engine.ts';
import { DNS_TIMEOUT_MS } from './relay-dns.ts';

export interface CommandLookUps {
  readonly resolver: Resolver;
  readonly engine: PolicyEngine;
  /** What the engine works with, for dialogues of look-ups beside its own. */
  readonly hands: PolicyHands;
  /** What the data folder knows; undefined where nothing was ever kept there. */
  readonly reader: PolicyReader | undefined;
  close(): Promise<void>;
}

export interface CommandTerms extends Pick<ResolverOptions, 'whenUnprovable'> {
  readonly onNotice: (test: SelfTest) => void;
  /** Hears every answer that policies are made of. */
  readonly onAnswer?: (answer: Answer) => void;
  /** Milliseconds for one question to the resolvers, and for the fetch of a policy; else as a relay has them. */
  readonly questionMs?: number;
  readonly fetchMs?: number;
  /** Questions at the same time; else as many as there are. */
  readonly questionsAtOnce?: number;
  readonly manners?: FetchManners;
}

/** @throws StoreError where the store of the data folder is there and cannot be read. */
export function openLookUps(config: Config, files: DnsFiles, terms: CommandTerms): CommandLookUps {
  const reader = openPoliciesToRead(config.dataFolder);
  const {
    whenUnprovable,
    onNotice,
    onAnswer,
    questionMs = DNS_TIMEOUT_MS,
    fetchMs,
    questionsAtOnce,
    manners,
  } = terms;
  const resolver = openResolver(
    resolverOptionsOf(config, files, {
      whenUnprovable,
      timeoutMs: questionMs,
      onNotice: ({ test }) => onNotice(test),
    }),
  );
  const lookUp = soManyAtOnce(questionsAtOnce ?? Number.POSITIVE_INFINITY, (question: Question) =>
    resolver.lookUp(question),
  );
  const lookUps = {
    resolve: async (question: Question) => {
      const answer = await lookUp(question);
      onAnswer?.(answer);
      return answer;
    },
    resolveAnew: (question: Question) => resolver.lookUpAnew(question),
    dns: mailDns({ lookUp }, Math.random),
  };
  const engineTerms = (): EngineTerms => ({ config, roots: files.roots, lookUps, fetchMs, manners });
  const store = borrowedStore(reader);
  const engine = policyEngine(engineTerms, {
    store,
    now: Date.now,
    random: Math.random,
    onError: () => {
      // Nothing is kept here, and nothing is renewed.
    },
  });
  return {
    resolver,
    engine,
    hands: {
      resolve: lookUps.resolve,
      fetch: policyFetch(engineTerms),
      // What was seen from here is nothing that other senders go by.
      recall: recallFrom({ ...storeOf(engineTerms, store), memory: undefined, promotions: undefined }),
    },
    reader,
    async close() {
      engine.close();
      await resolver.close();
      reader?.close();
    },
  };
}
