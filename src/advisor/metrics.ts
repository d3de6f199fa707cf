/** What the advisor counts, for Prometheus. No label comes from a client. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type AnswerKind, answerKinds, type DeskCounters } from './desk.ts';
import type { AdvisorProtocol } from './settings.ts';
import { advisorProtocols } from './settings.ts';

export interface AdvisorCounters {
  of(protocol: AdvisorProtocol): DeskCounters;
  /** Somebody broke the protocol. */
  fault(protocol: AdvisorProtocol): void;
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** @param connections how many there are now. */
export function advisorMetrics(registry: Registry, connections: () => number): AdvisorCounters {
  const registers = [registry];
  const tallies = new Map(
    advisorProtocols.map((protocol) => [protocol, { kept: tally(), made: tally(), faults: 0 }]),
  );
  const answers: Counter = new Counter({
    name: 'waxwing_advisor_answers_total',
    help: 'Answers to look-ups of other programs, by protocol, by what was said, and whether it was kept from an earlier one.',
    labelNames: ['protocol', 'answer', 'kept'],
    registers,
    // A look-up that is kept takes microseconds: it adds one to a number, and Prometheus is told when it asks.
    collect() {
      answers.reset();
      for (const [protocol, { kept, made }] of tallies) {
        for (const answer of answerKinds) {
          answers.inc({ protocol, answer, kept: 'yes' }, kept[answer]);
          answers.inc({ protocol, answer, kept: 'no' }, made[answer]);
        }
      }
    },
  });
  const broken: Counter = new Counter({
    name: 'waxwing_advisor_faults_total',
    help: 'Connections that were closed because the client broke the protocol.',
    labelNames: ['protocol'],
    registers,
    collect() {
      broken.reset();
      for (const [protocol, { faults }] of tallies) broken.inc({ protocol }, faults);
    },
  });
  const seconds = new Histogram({
    name: 'waxwing_advisor_look_up_seconds',
    help: 'From a request for which something had to be looked up to its answer.',
    buckets: SECONDS,
    registers,
  });
  const open: Gauge = new Gauge({
    name: 'waxwing_advisor_connections_open',
    help: 'Connections of programs that look things up.',
    registers,
    collect() {
      open.set(connections());
    },
  });
  return {
    of(protocol) {
      const counts = tallies.get(protocol);
      return {
        answered(kind, kept) {
          if (counts !== undefined) counts[kept ? 'kept' : 'made'][kind] += 1;
        },
        lookedUp: (took) => seconds.observe(took),
      };
    },
    fault(protocol) {
      const counts = tallies.get(protocol);
      if (counts !== undefined) counts.faults += 1;
    },
  };
}

function tally(): Record<AnswerKind, number> {
  return { policy: 0, absent: 0, later: 0, refused: 0 };
}
