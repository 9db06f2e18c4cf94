/** What a call to the server can fail with: the stable code, the message for people, the HTTP status (0 = no answer). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly details: unknown

  constructor(status: number, code: string, message: string, details?: unknown) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.details = details
  }
}

const ADVICE: Record<string, string> = {
  no_answer: 'Check that the Palisade server runs (“palisade status” on its host) and that this machine reaches it, then try again.',
  invalid_credentials: 'Check both. An administrator can invite you again if the password is lost.',
  totp_required: 'Type the six digits that your authenticator shows.',
  totp_invalid: 'Type the code that it shows now; each holds for 30 seconds. If none works, check the clock of the phone.',
  totp_code_used: 'Each code works once. Wait for the next one.',
  sign_in_throttled: 'Wait a moment, then try again.',
  setup_link_invalid: 'Ask an administrator for a new link.',
  last_administrator: 'Make somebody else an administrator first.',
  query_busy: 'Other queries of this tenant are running. Wait for one to end, then run again.',
  query_lost: 'The process that ran the query ended. Run it again; if it ends again, ask for less at once.',
  query_unavailable: 'Wait a moment, then run again.',
  state_unavailable: 'Wait a moment, then try again.',
  rate_limited: 'Wait a moment, then try again.',
  trial_used: 'Choose “Paid” to keep the plan, or leave it off.',
  plan_required: 'An administrator can switch the plan on at Estate, Environment settings, or switch enforcement off there.',
  connector_settings_invalid: 'Change what the sentence names; it says the line of the inventory where there is one.',
  connector_credential_invalid: 'Check the key: it has to be whole and without a passphrase.',
  threshold_invalid: 'Choose a value between these bounds.',
  sensor_missing: 'Put the sensor beside the server (“palisade up --sensor …”), then try again.',
  conflict: 'Load the page again to see how it is now.',
  too_much_work: 'Ask about fewer machines: add a condition, or choose a scope.',
  bad_link: 'The link was cut off or changed on its way. Ask whoever sent it for it again, or open a template.',
  usage_too_large: 'Choose fewer things to add up by, or a shorter time.',
  second_factor_missing: 'Make a new set-up link for them; with it they set up an authenticator. Then change the role.',
  group_in_use: 'Change the people and tokens that are limited to it, or end those tokens.',
  limited_to_groups: 'Ask an administrator of this tenant.',
  table_out_of_scope: 'Ask a table whose rows have a DeviceId.',
  user_disabled: 'Let them in again, then make the link.',
  forbidden: 'Ask an administrator of this tenant for the role that allows it.',
  not_found: 'It may have been removed. Go back to the list and look again.',
  revision_conflict: 'Look at what is there now, then save again.',
  already_exists: 'Choose another name, or change the one that is there.',
  export_running: 'Wait for the run to end, then start it again.',
  query_timeout: 'Narrow the time range or the columns, or choose a longer deadline, and run again.',
  query_memory: 'Filter earlier in the query, or summarise fewer groups, and run again.',
  console_fault: 'Load the page again. If it stays, report it with what you did and the sentence above.',
  remediation_exists: 'Open it from the recommendation, and change its owner or date there.',
  remediation_no_device: 'Choose another device group, or all devices.',
  remediation_not_runnable: 'Let people carry it out.',
  remediation_wrong_state: 'Load the page again to see where it stands now.',
  remediation_not_whole: 'Ask somebody who sees all of its devices.',
  baseline_built_in: 'Make a profile of your own from it, and change that.',
  block_warn_first: 'Say why so early, or let it warn for a day first.',
  block_not_applicable: 'Only packages of an operating system can be blocked.',
  block_too_many: 'Release rules that nobody needs any more.',
  group_required: 'Choose one of your device groups.',
  webhook_secret_needed: 'Type its headers and signing secret again: they are not sent to another host.',
  agentless_off: 'Switch agentless scanning on for the machine or its subscription.',
  sensor_present: 'Its sensor tells more than a scan could.',
  agentless_no_connector: 'Connect the machine by SSH first.',
  device_agentless: 'Put a sensor on the machine to give it orders.',
  internal: 'Try again. If it stays, look at the server’s log with the code below.',
}

/** The next step for an error, chosen by its code, then by its status. */
export function adviceFor(error: ApiError): string {
  const byCode = ADVICE[error.code]
  if (byCode) return byCode
  if (error.status === 403) return ADVICE.forbidden!
  if (error.status === 404) return ADVICE.not_found!
  if (error.status === 429) return ADVICE.rate_limited!
  if (error.status >= 500) return ADVICE.internal!
  return 'Change what the message names, then try again.'
}

/** The server's sentence, which begins in lower case and has no full stop, as a sentence of its own. */
export function sentence(message: string): string {
  const text = message.trim()
  if (text === '') return ''
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
}

/** Makes an ApiError of whatever was thrown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new ApiError(0, 'cancelled', 'The request was cancelled.')
  }
  // What fetch and import() throw, in the words of each browser; any other TypeError is a fault of ours.
  if (error instanceof TypeError && /fetch|network|load failed|module script/i.test(error.message)) return new ApiError(0, 'no_answer', 'The server did not answer.')
  return new ApiError(0, 'console_fault', error instanceof Error ? error.message : String(error))
}
