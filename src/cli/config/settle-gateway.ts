/** Settles what of a gateway depends on where it was written, and lists what was settled. */
import type { GatewayConfig } from './config.ts';
import type { Sources } from './sources.ts';

/** Paths become absolute. */
export function toGateway(
  gateway: GatewayConfig,
  path: string,
  sources: Pick<Sources, 'absolute'>,
): GatewayConfig {
  const { mode } = gateway;
  if (mode.kind === 'reverse') return gateway;
  const { files, clientCertificates } = mode;
  return {
    ...gateway,
    mode: {
      ...mode,
      files: files && {
        certFile: sources.absolute(`${path}.cert`, files.certFile),
        keyFile: sources.absolute(`${path}.key`, files.keyFile),
      },
      clientCertificates: clientCertificates && {
        ...clientCertificates,
        caFile: sources.absolute(`${path}.client_ca`, clientCertificates.caFile),
      },
    },
  };
}

/** What an operator may have left out, and files, by path. */
export function settledInGateway(
  { name, mode }: GatewayConfig,
  path: string,
): readonly (readonly [string, unknown])[] {
  const named = [[`${path}.name`, name] as const];
  if (mode.kind === 'reverse') return named;
  const { files, clientCertificates, requireTls } = mode;
  return [
    ...named,
    [`${path}.require_tls`, requireTls],
    ...(files === null
      ? []
      : [[`${path}.cert`, files.certFile] as const, [`${path}.key`, files.keyFile] as const]),
    ...(clientCertificates === null
      ? []
      : [
          [`${path}.client_ca`, clientCertificates.caFile] as const,
          [`${path}.client_certificate`, clientCertificates.required ? 'required' : 'optional'] as const,
        ]),
  ];
}
