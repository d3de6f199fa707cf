/** What a program can import from the package: for whoever reads the event log, or what `waxwing resolve --json` prints. */
export { type AdviceReport, adviceJsonSchema, adviceSchema } from './events/advice.ts';
export { type CheckReport, checkReportJsonSchema, checkReportSchema } from './events/check-report.ts';
export { type ConnectionEvent, type ConnectionTls } from './events/connection-event.ts';
export {
  type CredentialEvent,
  type DeliveryEvent,
  type EventName,
  type EventReply,
  type EventTls,
  type LoggedEvent,
  type RelayEvent,
} from './events/delivery-event.ts';
export { type Explanation, explanationJsonSchema, explanationSchema } from './events/explanation.ts';
export { type Resolution, resolutionJsonSchema, resolutionSchema } from './events/resolution.ts';
export { deliveryEventSchema, eventJsonSchema, eventSchema } from './events/schema.ts';
