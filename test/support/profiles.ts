/** What a profile comes to for a domain, as tests of profiles say it. */
import assert from 'node:assert/strict';
import { allFindings, type Judged, judgeRecording } from '../../src/findings/judge.ts';
import type { Observation, Probes } from '../../src/findings/observation.ts';
import { assess } from '../../src/findings/profiles/evaluate.ts';
import type { Assessed, Profile, Test } from '../../src/findings/profiles/profile.ts';
import type { Recording } from '../../src/findings/recording.ts';
import { chainFor, handshakeRefused, observe, type Seen, secured } from './observations.ts';
import { goodZone, policyText, type Scene, stage } from './scenes.ts';
import type { ScriptedZone } from './scripted-zone.ts';

/** All that was learnt of a domain in one check, and what it comes to. */
export function checked(scene: Scene): { readonly recording: Recording; readonly judged: Judged } {
  const staged = stage(scene);
  // What rules ask for is part of what is recorded.
  staged.run(allFindings(staged.theCase));
  const { recording } = staged;
  return { recording, judged: judgeRecording(recording, recording.startedAt) };
}

export function assessedBy(profile: Profile, scene: Scene): readonly Assessed[] {
  const { recording, judged } = checked(scene);
  return assess(profile, judged, recording);
}

/** `met`, `not-met`, … of one requirement. */
export function stateIn(all: readonly Assessed[], id: string): Assessed['state'] {
  return requirementIn(all, id).state;
}

export function requirementIn(all: readonly Assessed[], id: string): Assessed {
  const found = all.find(({ requirement }) => requirement.id === id);
  return found ?? assert.fail(`there is no requirement ${id}`);
}

/** A profile with one requirement. */
export function demanding(test: Test): Profile {
  const requirement = {
    id: 'one',
    title: 'it holds',
    clause: 'of the test',
    severity: 'high',
    test,
  } as const;
  return {
    name: 'of-the-test',
    title: 'of the test',
    sources: [],
    severities: {},
    others: 'ignore',
    requirements: [requirement],
  };
}

/** What probes show of a server with one key that speaks TLS 1.2 and 1.3. */
export const allProbes: Probes = {
  otherKey: {
    kind: 'seen',
    key: 'rsa',
    result: 'failed',
    because: 'the server sent handshake_failure',
    by: { kind: 'alert', alert: 'handshake failure' },
  },
  legacy: handshakeRefused(),
  noServerName: secured(),
  upToTls12: secured({
    version: 'TLSv1.2',
    cipher: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    group: 'prime256v1',
    chain: chainFor(),
  }),
};

/** A server at which everything was looked at. */
export function wellSeen(change: Seen = {}): Observation {
  return observe({ ...change, probes: { ...allProbes, ...change.probes } });
}

export const senderZone: ScriptedZone = {
  'example.test TXT': ['"v=spf1 mx -all"'],
  '_dmarc.example.test TXT': [
    '"v=DMARC1; p=reject; rua=mailto:dmarc@example.test,mailto:reports@dmarc.cyber.dhs.gov"',
  ],
};

/** A signed domain with DANE, MTA-STS in enforce, TLS-RPT, SPF and DMARC, all in order. */
export function goodScene(change: Partial<Scene> = {}): Scene {
  return {
    zone: { ...goodZone(), ...senderZone },
    policy: policyText('enforce'),
    observations: [wellSeen()],
    ...change,
  };
}
