/** Finds out what a sender would do with mail for a destination, and prints it with its reasons. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../dns/answer.ts';
import type { Explanation } from '../../events/explanation.ts';
import type { MailDomain } from '../../names/mailbox.ts';
import { showUpstream } from '../../net/dns/upstream.ts';
import { decideAll, decideUnasked, type Rules } from '../../policies/combine.ts';
import { type Route, routeFor } from '../../policies/overrides/route.ts';
import { ruledForDomain } from '../../policies/overrides/rule.ts';
import { routesOf } from '../../relay/domains.ts';
import { type Destination, targetOf } from '../../relay/next-hops.ts';
import type { Config } from '../config/config.ts';
import { describeError } from '../config/describe-error.ts';
import { type DnsFiles, readDnsFiles } from '../config/files.ts';
import { type LoadedConfig, type LoadRequest, loadConfig } from '../config/load.ts';
import { type Notice, noticeOf } from '../dns-notices.ts';
import { upstreamsOf } from '../dns-settings.ts';
import { type CommandLookUps, openLookUps } from '../look-up.ts';
import { lookOf } from '../terminal.ts';
import { messageOf } from '../usage.ts';
import type { Explained, Finding } from './explained.ts';
import { toExplanation } from './explanation.ts';
import type { Subject } from './subject.ts';
import { formatExplanation } from './text.ts';

export interface ExplainRequest {
  readonly subject: Subject;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly json: boolean;
}

const DELIVER = 0;
const REFUSE = 1;
const WRONG_CONFIGURATION = 2;
const DEFER = 3;

/** Look-ups one behind the other, of three questions to the resolvers each at most, and the fetch of a policy beside them. */
const QUESTIONS = 12;

/** @returns the exit code. */
export async function explain(request: ExplainRequest, load: LoadRequest): Promise<number> {
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : loaded;
  if (loaded.kind === 'invalid' || !('files' in read) || read.errors.length > 0) {
    return complain(WRONG_CONFIGURATION, ...read.errors.map(describeError));
  }
  const heard: Heard = { answers: [], notices: [] };
  let lookUps: CommandLookUps;
  try {
    lookUps = open(request, loaded.config, read.files, heard);
  } catch (error) {
    return complain(WRONG_CONFIGURATION, messageOf(error));
  }
  const late = sleep(request.timeoutMs, undefined, { ref: false });
  const explained = await Promise.race([findOut(request, loaded, lookUps, heard), late]);
  if (explained === undefined) {
    complain(DEFER, `not everything could be learnt within ${request.timeoutMs / 1000} s (--timeout)`);
    // What is still waited for would keep the process.
    process.exit(DEFER);
  }
  await lookUps.close();
  const explanation = toExplanation(explained);
  process.stdout.write(
    request.json
      ? `${JSON.stringify(explanation, undefined, 2)}\n`
      : formatExplanation(explanation, explained, lookOf(process.stdout, process.env)),
  );
  return { deliver: DELIVER, refuse: REFUSE, defer: DEFER }[explanation.decision];
}

/**
 * The same for a program that goes on.
 *
 * @returns undefined where not everything could be learnt in time.
 * @throws StoreError where the store of the data folder cannot be read.
 */
export async function learn(
  request: Omit<ExplainRequest, 'json'>,
  loaded: Pick<Extract<LoadedConfig, { kind: 'ok' }>, 'config' | 'effective'>,
  files: DnsFiles,
): Promise<Explanation | undefined> {
  const heard: Heard = { answers: [], notices: [] };
  const lookUps = open(request, loaded.config, files, heard);
  try {
    const late = sleep(request.timeoutMs, undefined, { ref: false });
    const explained = await Promise.race([findOut(request, loaded, lookUps, heard), late]);
    return explained === undefined ? undefined : toExplanation(explained);
  } finally {
    await lookUps.close();
  }
}

/** What came in beside the facts. */
interface Heard {
  readonly answers: Answer[];
  readonly notices: Notice[];
}

function open(
  { timeoutMs }: Pick<ExplainRequest, 'timeoutMs'>,
  config: Config,
  files: DnsFiles,
  heard: Heard,
): CommandLookUps {
  return openLookUps(config, files, {
    // As the relay has it, which this is to explain.
    whenUnprovable: 'use',
    questionMs: timeoutMs / QUESTIONS,
    fetchMs: timeoutMs / 2,
    onAnswer: (answer) => heard.answers.push(answer),
    onNotice: (test) => {
      const notice = noticeOf(test, config.dns.dnssec);
      if (notice !== undefined) heard.notices.push(notice);
    },
  });
}

async function findOut(
  { subject }: Pick<ExplainRequest, 'subject'>,
  { config, effective }: Pick<Extract<LoadedConfig, { kind: 'ok' }>, 'config' | 'effective'>,
  { engine, reader }: CommandLookUps,
  { answers, notices }: Heard,
): Promise<Explained> {
  const { dns, relay } = config;
  const rules: Rules = {
    route: ruleFor(subject, config),
    defaultLevel: relay.tls,
    ruled: subject.kind === 'recipients' ? ruledForDomain(subject.at, config.rules).tls : null,
  };
  const target = subject.kind === 'recipients' ? targetOf(subject.at, rules.route) : nextHopOf(subject);
  return {
    subject,
    rules,
    levelOrigin: effective.find(({ path }) => path === 'relay.tls')?.origin ?? 'default',
    port: target.kind === 'domain' ? relay.smtpPort : (target.port ?? relay.smtpPort),
    finding: await findingFor(subject, target, rules, { engine, reader }),
    answers,
    mode: dns.dnssec,
    resolvers: upstreamsOf(config).map(showUpstream),
    notices,
    giveUpAfterMs: relay.schedule.giveUpAfterMs,
    onBlocked: rules.route?.onBlocked ?? relay.holds.onBlocked,
    now: Date.now(),
  };
}

async function findingFor(
  subject: Subject,
  target: Destination,
  rules: Rules,
  { engine, reader }: Pick<CommandLookUps, 'engine' | 'reader'>,
): Promise<Finding> {
  if (target.kind === 'address') {
    const { address } = target;
    const recipient: MailDomain = subject.kind === 'recipients' ? subject.at : { kind: 'literal', address };
    return { kind: 'address', address, decision: decideUnasked(recipient, rules) };
  }
  const facts = await engine.factsOf(target);
  const { route } = rules;
  const unruled: Rules = {
    ...rules,
    ruled: null,
    route: route === undefined ? undefined : { ...route, tls: null },
  };
  return {
    kind: 'looked-up',
    facts,
    verdict: decideAll(facts, rules),
    unruled: decideAll({ ...facts, override: undefined }, unruled),
    firstContact: reader?.sts.get(facts.domain) === undefined,
  };
}

/** The rule that a relay with this configuration goes by; for a next hop one that leads there and says no more. */
function ruleFor(subject: Subject, { hostname, domains, routes }: Config): Route | undefined {
  if (subject.kind === 'next-hop') {
    const { host, port } = subject;
    return {
      match: { kind: 'any' },
      to: { protocol: 'smtp', host, port },
      login: null,
      tls: null,
      requireTls: null,
      onBlocked: null,
      names: [],
      hello: hostname,
      source: null,
      connections: null,
      messagesPerMinute: null,
    };
  }
  // Of a domain of ours only its backend matters here.
  const own = domains.map((domain) => ({ ...domain, recipients: { kind: 'any' } as const }));
  return routeFor(subject.at, [
    ...routesOf(own, hostname),
    // That there is a login matters; whoever asks need not be able to read the password.
    ...routes.map(({ login, hello, ...route }) => ({
      ...route,
      hello: hello ?? hostname,
      login: login === null ? null : { user: login.user, password: '' },
    })),
  ]);
}

function nextHopOf({ host, port }: Extract<Subject, { kind: 'next-hop' }>): Destination {
  return host.kind === 'ip'
    ? { kind: 'address', address: host.address, port }
    : { kind: 'host', host: host.name, port };
}

function complain(code: number, ...messages: readonly string[]): number {
  for (const message of messages) process.stderr.write(`error: ${message}\n`);
  return code;
}
