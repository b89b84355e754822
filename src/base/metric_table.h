/* Every metric of the product, once: code, /metrics and docs/operations.md follow this table.
 *
 * id, kind, name, unit, labels, series_max, help
 *   unit: what one of the whole numbers that code hands in is worth on the page (1e-6: code counts
 *     microseconds, the page says seconds)
 *   labels: names with commas between, at most METRIC_LABELS_MAX; "" for none
 *   series_max: combinations of label values that are kept apart; what comes after them is counted
 *     together under the label value "other", so that no input can make the page grow for ever */
#pragma once

#define METRIC_TABLE(X)                                                                           \
    X(BUILD_INFO, GAUGE, "kolcast_build_info", 1, "version", 1, "The running version; always 1.") \
    X(CALLS_DIALLED, COUNTER, "kolcast_calls_dialled_total", 1, "trunk", 32,                      \
      "Calls whose INVITE left.")                                                                 \
    X(CALLS_ANSWERED, COUNTER, "kolcast_calls_answered_total", 1, "trunk", 32,                    \
      "Calls that were answered, by a person or a machine.")                                      \
    X(CALLS_FAILED, COUNTER, "kolcast_calls_failed_total", 1, "trunk", 32,                        \
      "Calls that the network refused, turned away or never answered, as no person would.")       \
    X(CALLS_ENDED, COUNTER, "kolcast_calls_ended_total", 1, "disposition", 32,                    \
      "Attempts that ended, by how they ended; those that were never dialled too.")               \
    X(CALLS_ACTIVE, GAUGE, "kolcast_calls_active", 1, "", 1, "Calls that are up now.")            \
    X(CALLS_RINGING, GAUGE, "kolcast_calls_ringing", 1, "", 1, "Calls that ring now.")            \
    X(TALK_SECONDS, COUNTER, "kolcast_talk_seconds_total", 1e-3, "", 1,                           \
      "Time from answer to end, of all calls that ended.")                                        \
    X(KEYS, COUNTER, "kolcast_keys_total", 1, "key", 16, "Keys pressed in calls.")                \
    X(ACTIONS, COUNTER, "kolcast_call_actions_total", 1, "action,result", 32,                     \
      "What call flows did: texts, opt-outs; done means that it is on disk.")                     \
    X(OPT_OUTS, COUNTER, "kolcast_opt_outs_total", 1, "source", 8,                                \
      "Numbers that went onto a do-not-call list through this process, durably.")                 \
    X(TEXTS, COUNTER, "kolcast_texts_total", 1, "state", 8, "Texts that reached this state.")     \
    X(ANSWER_TO_AUDIO, HISTOGRAM, "kolcast_answer_to_audio_seconds", 1e-6, "", 1,                 \
      "From the answer to the first packet of audio.")                                            \
    X(KEY_TO_AUDIO, HISTOGRAM, "kolcast_key_to_audio_seconds", 1e-6, "", 1,                       \
      "From a key to the first packet of the new audio.")                                         \
    X(POST_DIAL_DELAY, HISTOGRAM, "kolcast_post_dial_delay_seconds", 1e-6, "", 1,                 \
      "From INVITE to ringing.")                                                                  \
    X(DIAL_LAG, HISTOGRAM, "kolcast_dial_lag_seconds", 1e-6, "", 1,                               \
      "From the moment pacing lets a call go to its INVITE.")                                     \
    X(RTP_SENT, COUNTER, "kolcast_rtp_packets_sent_total", 1, "", 1, "Packets of audio sent.")    \
    X(TRUNK_UP, GAUGE, "kolcast_trunk_up", 1, "trunk", 32,                                        \
      "1: the trunk takes calls (registered, where it asks for that).")                           \
    X(LANE_LOAD, GAUGE, "kolcast_lane_load_ratio", 1e-3, "", 1,                                   \
      "The busiest lane's share of its processor in the last second, 0 to 1.")                    \
    X(CAMPAIGN_CALLS, GAUGE, "kolcast_campaign_calls", 1, "campaign,state", 128,                  \
      "Calls of a running campaign, up and ringing.")                                             \
    X(CAMPAIGN_QUEUE, GAUGE, "kolcast_campaign_queue_depth", 1, "campaign", 64,                   \
      "People of a running campaign who are still to be called.")                                 \
    X(CAMPAIGN_PACE, GAUGE, "kolcast_campaign_pace_cps", 1e-3, "campaign", 64,                    \
      "Calls a second that pacing allows now.")                                                   \
    X(CAMPAIGN_PACE_CAP, GAUGE, "kolcast_campaign_pace_cap_cps", 1e-3, "campaign", 64,            \
      "Calls a second that the campaign allows at most.")                                         \
    X(CAMPAIGN_RATE, GAUGE, "kolcast_campaign_dial_rate_cps", 1e-3, "campaign", 64,               \
      "Calls a second started in the last seconds.")                                              \
    X(PACE_CHANGES, COUNTER, "kolcast_pace_changes_total", 1, "direction", 2,                     \
      "Times that pacing went slower or faster.")                                                 \
    X(STORE_COMMIT, HISTOGRAM, "kolcast_store_commit_seconds", 1e-6, "", 1,                       \
      "From the begin of a group of changes to its being on disk.")                               \
    X(STORE_JOBS, COUNTER, "kolcast_store_changes_total", 1, "result", 2,                         \
      "Changes sent to the store's writer.")                                                      \
    X(STORE_QUEUE, GAUGE, "kolcast_store_queue_depth", 1, "", 1,                                  \
      "Changes that wait for the store's writer.")                                                \
    X(STORE_FAILING, GAUGE, "kolcast_store_failing", 1, "", 1,                                    \
      "Writers whose last commit failed: while it is not 0, dialling has stopped.")               \
    X(HTTP_REQUESTS, COUNTER, "kolcast_http_requests_total", 1, "operation,status", 1024,         \
      "Requests answered.")                                                                       \
    X(HTTP_SECONDS, HISTOGRAM, "kolcast_http_request_seconds", 1e-6, "operation", 256,            \
      "From a request's being complete to its answer.")                                           \
    X(HTTP_CONNECTIONS, GAUGE, "kolcast_http_connections", 1, "", 1, "Open HTTP connections.")    \
    X(HTTP_SOCKETS, GAUGE, "kolcast_http_sockets", 1, "", 1, "Open WebSockets.")                  \
    X(SIGN_INS, COUNTER, "kolcast_sign_ins_total", 1, "result", 8,                                \
      "Sign-ins: done, wrong, wrong_code, slowed (too many tries), busy.")                        \
    X(PASSWORD_HASHES, COUNTER, "kolcast_password_hashes_total", 1, "", 1,                        \
      "Passwords hashed or checked.")                                                             \
    X(TOKEN_LOOKS, COUNTER, "kolcast_token_looks_total", 1, "result", 4,                          \
      "Tokens of requests: cached, stored, refused.")                                             \
    X(SESSIONS_STOLEN, COUNTER, "kolcast_sessions_stolen_total", 1, "", 1,                        \
      "Sessions revoked because a spent refresh token was shown.")                                \
    X(MAILS, COUNTER, "kolcast_mails_total", 1, "result", 4,                                      \
      "Mails to users: delivered, failed (after three tries), dropped (too many wait).")          \
    X(LOOP_LAG, HISTOGRAM, "kolcast_loop_turn_seconds", 1e-6, "loop", 8,                          \
      "One turn's work of an event loop: how long others wait for it.")                           \
    X(EVENTS, COUNTER, "kolcast_events_total", 1, "type", 64, "Events published on the bus.")     \
    X(EVENTS_MISSED, COUNTER, "kolcast_events_missed_total", 1, "", 1,                            \
      "Events that a reader of the bus was too slow for; it was told.")                           \
    X(WEBHOOK_DELIVERIES, COUNTER, "kolcast_webhook_deliveries_total", 1, "result", 8,            \
      "Tries to deliver an event to a subscription.")                                             \
    X(WEBHOOK_SECONDS, HISTOGRAM, "kolcast_webhook_delivery_seconds", 1e-6, "", 1,                \
      "How long one try took.")                                                                   \
    X(WEBHOOK_BACKLOG, GAUGE, "kolcast_webhook_backlog", 1, "", 1,                                \
      "Deliveries that are due or wait for their next try.")                                      \
    X(WEBHOOK_DEAD, GAUGE, "kolcast_webhook_dead_letters", 1, "", 1,                              \
      "Deliveries that were given up.")                                                           \
    X(ALERTS, GAUGE, "kolcast_alert_active", 1, "indicator", 32,                                  \
      "1: the indicator is past its threshold.")                                                  \
    X(INDICATOR, GAUGE, "kolcast_indicator", 1e-3, "indicator", 32,                               \
      "What the indicator reads, in its own unit.")                                               \
    X(TRACE_SPANS, COUNTER, "kolcast_trace_spans_total", 1, "result", 4,                          \
      "Spans for the trace collector.")                                                           \
    X(PROCESS_CPU, COUNTER, "process_cpu_seconds_total", 1e-6, "", 1,                             \
      "Processor time, user and system.")                                                         \
    X(PROCESS_RSS, GAUGE, "process_resident_memory_bytes", 1, "", 1, "Resident memory.")          \
    X(PROCESS_FDS, GAUGE, "process_open_fds", 1, "", 1, "Open descriptors.")                      \
    X(PROCESS_FDS_MAX, GAUGE, "process_max_fds", 1, "", 1, "Descriptors allowed.")                \
    X(PROCESS_START, GAUGE, "process_start_time_seconds", 1e-3, "", 1, "When it started.")
