/** A domain with all that belongs to it, zone, policy host and mail hosts, and what a check would know of it. */
import assert from 'node:assert/strict';
import type { Answer, DnssecStatus } from '../../src/dns/answer.ts';
import { showName } from '../../src/dns/name.ts';
import type { Question } from '../../src/dns/record.ts';
import type { CheckCase, Target } from '../../src/findings/case.ts';
import type { Depth } from '../../src/findings/endpoint.ts';
import { caseOf, learn } from '../../src/findings/learn.ts';
import type { Observation } from '../../src/findings/observation.ts';
import type { PolicyFetch, Recording } from '../../src/findings/recording.ts';
import type { PolicyEffect, PolicyLookUp, PolicyReaction, Recalled } from '../../src/policies/look-ups.ts';
import { summarizeCertificate } from '../../src/tls/certificate.ts';
import { DOMAIN } from './destinations.ts';
import { chainFor, HOST, now, observe, tlsSeen } from './observations.ts';
import { answerFrom, type ScriptedZone } from './scripted-zone.ts';

export interface Scene {
  /** What its DNS says. */
  readonly zone: ScriptedZone;
  /** Of all names; by default `secure`. */
  readonly status?: DnssecStatus;
  /** Of names below these, for others than `status`. */
  readonly statuses?: Readonly<Record<string, DnssecStatus>>;
  /** What stands in answers in place of what {@link answerFrom} says. */
  readonly change?: (answer: Answer) => Answer;
  /** What the policy host serves: the text of a policy, or what became of the question. */
  readonly policy?: string | PolicyFetch;
  readonly recalled?: Partial<Recalled>;
  readonly observations?: readonly Observation[];
  readonly skipped?: Recording['skipped'];
  readonly target?: Target;
  readonly now?: number;
  readonly depth?: Depth;
}

export interface Staged {
  readonly theCase: CheckCase;
  readonly recording: Recording;
  /** Judges by a rule that may ask. */
  readonly run: <Outcome>(dialogue: PolicyLookUp<Outcome>) => Outcome;
}

/** Learns and sees all of it. */
export function stage(scene: Scene): Staged {
  const asked = new Map<string, Answer>();
  const fetched: { domain: typeof DOMAIN; outcome: PolicyFetch }[] = [];
  const target = scene.target ?? { kind: 'domain', domain: DOMAIN };
  const at = scene.now ?? now;
  const recalled: Recalled = { sts: undefined, overrides: [], ...scene.recalled };
  const react = (effect: PolicyEffect): PolicyReaction => {
    switch (effect.kind) {
      case 'resolve': {
        const answer = answerIn(scene, effect.question);
        asked.set(`${effect.question.type} ${effect.question.name}`, answer);
        return { kind: 'resolved', answer };
      }
      case 'fetch': {
        const outcome = fetchIn(scene);
        fetched.push({ domain: effect.domain, outcome });
        return { kind: 'fetched', outcome };
      }
      case 'recall':
        return { kind: 'recalled', recalled };
      case 'all':
        return { kind: 'outcomes', outcomes: effect.dialogues.map((one) => run(one)) };
    }
  };
  function run<Outcome>(dialogue: PolicyLookUp<Outcome>): Outcome {
    let step = dialogue.next();
    while (step.done !== true) step = dialogue.next(react(step.value));
    return step.value;
  }
  const facts = run(learn(target, { now: at, jitter: 0, errand: 'delivery' }));
  const seen = {
    target,
    depth: scene.depth ?? 'standard',
    intrusive: false,
    observations: scene.observations ?? [observe()],
    skipped: scene.skipped ?? [],
  } as const;
  return {
    theCase: caseOf(seen, facts, at),
    get recording(): Recording {
      return {
        ...seen,
        startedAt: at,
        durationMs: 1,
        answers: [...asked.values()],
        fetched,
        recalled: [{ domain: DOMAIN, recalled }],
        withoutConsent: [],
      };
    },
    run,
  };
}

function answerIn({ zone, status = 'secure', statuses = {}, change }: Scene, question: Question): Answer {
  const name = showName(question.name);
  const below = Object.keys(statuses).find((top) => name === top || name.endsWith(`.${top}`));
  const answer = answerFrom(zone, below === undefined ? status : (statuses[below] ?? status))(question);
  return change === undefined ? answer : change(answer);
}

function fetchIn({ policy }: Scene): PolicyFetch {
  if (policy === undefined)
    return { kind: 'failed', fault: 'dns', because: 'mta-sts.example.test has no address', tls: undefined };
  return typeof policy === 'string' ? served(policy) : policy;
}

/** A policy host with a good certificate for its name. */
export function served(
  body: string | Uint8Array,
  head: Partial<Extract<PolicyFetch, { kind: 'answered' }>['answer']> = {},
): PolicyFetch {
  const name = 'mta-sts.example.test';
  return {
    kind: 'answered',
    answer: {
      status: 200,
      contentType: 'text/plain',
      contentEncoding: undefined,
      location: undefined,
      body: typeof body === 'string' ? Buffer.from(body) : body,
      address: '192.0.2.80',
      tls: tlsSeen({ chain: chainFor({ names: [name] }), serverName: name }),
      ...head,
    },
    course: { ms: 40, failed: [] },
  };
}

/** The text of a policy. */
export function policyText(mode: string, mx: readonly string[] = [HOST], age = 1_209_600): string {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), `max_age: ${age}`, ''].join(
    '\r\n',
  );
}

/** `3 1 1 …` of the certificate that a server presents first. */
export function keyOf(chain: readonly Uint8Array[]): string {
  const summary = summarizeCertificate(chain[0] ?? new Uint8Array());
  return summary.kind === 'ok' ? `3 1 1 ${summary.value.spkiSha256}` : assert.fail(summary.because);
}

/** One signed domain with one mail host, without any policy. */
export const plainZone: ScriptedZone = {
  'example.test MX': [`10 ${HOST}.`],
  [`${HOST} A`]: ['192.0.2.1'],
};

/** With DANE, MTA-STS and TLS-RPT, all in order. */
export function goodZone(records: readonly string[] = [keyOf(chainFor())]): ScriptedZone {
  return {
    ...plainZone,
    [`_25._tcp.${HOST} TLSA`]: records,
    '_mta-sts.example.test TXT': ['"v=STSv1; id=20260101;"'],
    'mta-sts.example.test A': ['192.0.2.80'],
    '_smtp._tls.example.test TXT': ['"v=TLSRPTv1; rua=mailto:tls@example.test"'],
  };
}
