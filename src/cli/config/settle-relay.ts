/** The relay's own settings, and what clients may have of it, as the code names them. */
import { defaultSchedule } from '../../queue/schedule.ts';
import type { LimitsConfig, RelayConfig } from './config.ts';
import type { ParsedConfig } from './schema.ts';

export function toRelay(relay: ParsedConfig['relay']): RelayConfig {
  return {
    tls: relay.tls,
    demands: { requireTls: relay.requiretls, tlsRequiredNo: relay.tls_required_no },
    smtpPort: relay.smtp_port,
    schedule: {
      retryAfterMs: relay.retry,
      jitter: defaultSchedule.jitter,
      giveUpAfterMs: relay.give_up_after,
      warnAfterMs: relay.warn_after,
    },
    holds: {
      onBlocked: relay.on_blocked,
      noticeAfterMs: relay.hold_notice_after,
      probeAfterMs: relay.hold_probe,
    },
    keepFinalMs: relay.keep_final,
    connections: relay.connections,
    connectionsPerDestination: relay.connections_per_destination,
    connectionsPerHost: relay.connections_per_host ?? null,
    connectionsPerSecond: relay.connections_per_second,
    messagesPerMinute: relay.messages_per_minute ?? null,
    maxMessageBytes: relay.max_message_size,
    maxRecipients: relay.max_recipients,
    maxHops: relay.max_hops,
    graceMs: relay.grace,
  };
}

export function toLimits(limits: ParsedConfig['limits']): LimitsConfig {
  return {
    sessions: limits.sessions,
    sessionsPerAddress: limits.sessions_per_address,
    connectionsPerMinute: limits.connections_per_minute,
    messagesPerMinute: limits.messages_per_minute,
    recipientsPerMinute: limits.recipients_per_minute,
    loginFailures: limits.login_failures,
    unknownRecipients: limits.unknown_recipients,
    network: {
      prefixes: { ipv4: limits.network_prefix_ipv4, ipv6: limits.network_prefix_ipv6 },
      sessions: limits.sessions_per_network,
      connectionsPerMinute: limits.connections_per_minute_per_network,
    },
    messagesPerSession: limits.messages_per_session,
    errorsPerSession: limits.errors_per_session,
  };
}
