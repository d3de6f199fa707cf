/** Advices for domains in several states, as the command has them. */

import { toAdviceReport } from '../../src/cli/advise/json.ts';
import type { AdviceReport } from '../../src/events/advice.ts';
import type { Advice } from '../../src/findings/advice/advice.ts';
import { adviseFor } from '../../src/findings/advice/plan.ts';
import { allFindings } from '../../src/findings/judge.ts';
import { chainFor, HOST, notConnected, observe, tlsSeen } from './observations.ts';
import { goodZone, keyOf, plainZone, policyText, type Scene, stage } from './scenes.ts';

/** Learns, sees and judges all of it, and advises. */
export function adviceFor(scene: Scene): Advice {
  const staged = stage(scene);
  const findings = staged.run(allFindings(staged.theCase));
  return adviseFor(staged.theCase, findings, staged.recording.answers);
}

const NEXT = `3 1 1 ${'11'.repeat(32)}`;
const stsZone = {
  ...plainZone,
  '_mta-sts.example.test TXT': ['"v=STSv1; id=20291228;"'],
  'mta-sts.example.test A': ['192.0.2.80'],
};
const other = tlsSeen({ chain: chainFor({ names: ['www.example.test'] }) });

export const adviceScenes = {
  nothing: { zone: plainZone, status: 'insecure' },
  half: { zone: stsZone, policy: policyText('testing') },
  done: {
    zone: goodZone([keyOf(chainFor()), NEXT]),
    policy: policyText('enforce', [HOST], 15_552_000),
  },
  broken: { zone: stsZone, policy: policyText('enforce', ['other.test']) },
  otherName: { zone: plainZone, observations: [observe({ base: { tls: other } })] },
  unseen: { zone: plainZone, observations: [observe({ base: notConnected() })] },
  noMail: { zone: { 'example.test MX': ['0 .'] } },
} as const satisfies Readonly<Record<string, Scene>>;

export function adviceReport(scene: Scene): AdviceReport {
  return toAdviceReport(adviceFor(scene));
}
