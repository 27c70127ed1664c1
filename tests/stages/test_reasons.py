"""The words of servers for the end of a reply, by what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamkit.reasons import may_pass, meaning

MEANINGS = {
    "complete": "stop eos eos_token EOS_TOKEN end_turn stop_sequence STOP_SEQUENCE tool_calls TOOL_CALL tool_use"
    " function_call COMPLETE completed end_of_text eosFound stopStringFound toolCalls stop_sequence_reached normal"
    " no_error server_tool_use endoftext toolcalls FINISH_REASON_STOP REASON_STOP pause_turn load",
    "length": "length max_tokens MAX_TOKENS maxTokens FinishReason.MAX_TOKENS max_output_tokens max_new_tokens"
    " max_completion_tokens maximum_tokens model_length max_length token_limit TOKEN_LIMIT_REACHED length_limit"
    " model_context_window_exceeded context_length_exceeded contextLengthReached maxPredictedTokensReached"
    " output_limit limit_reached max_turns budget_exceeded kv_cache_full"
    " REASON_MAX_LEN REASON_MAX_CONTEXT prompt_too_long truncated incomplete ERROR_LIMIT context-window-exceeded",
    "filtered": "content_filter content_filtered content-filter SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII"
    " IMAGE_SAFETY guardrail_intervened sensitive ERROR_TOXIC content_policy_violation moderation unsafe risk_control"
    " MODEL_ARMOR blacklist 内容安全",
    "refused": "refusal",
    "cancelled": "cancelled canceled CANCELLED USER_CANCEL userStopped user_abort user_interrupt stop_by_user",
    "failed": "error ERROR failed abort aborted network_error timeout TIMEOUT TIME_LIMIT overloaded internal_error"
    " internal_server_error insufficient_system_resource malformed_function_call MALFORMED_FUNCTION_CALL"
    " UNEXPECTED_TOOL_CALL malformed_model_output modelUnloaded server_error rate_limit_exceeded out_of_memory"
    " deadline_exceeded insufficient_quota connection_lost spend_limit max_tool_calls terminated"
    " too_many_requests bad_gateway try_again_later interrupt resource_exhausted tpm_limit concurrency_limit expired"
    " tool_calls_limit",
    "unfinished": "null none NONE FINISH_REASON_UNSPECIFIED not_finished in_progress ALTERNATIVE_STATUS_PARTIAL queued",
    "unknown": "OTHER LANGUAGE compaction something_new wombat default server_side harmony restful </s>",
}
WORDS = [(word, meant) for meant, words in MEANINGS.items() for word in words.split()]


@pytest.mark.parametrize(("word", "meant"), WORDS)
def test_a_word_has_a_meaning_however_it_is_spelled(word: str, meant: str):
    kebab = word.replace("_", "-")
    assert {meaning(word), meaning(kebab), meaning(f"finish_reason_{word}"), meaning(word.replace("_", " "))} == {meant}


@pytest.mark.parametrize(
    "word",
    ["network_error", "timeout", "overloaded", "INTERNAL_ERROR", "server-error", "RESOURCE_EXHAUSTED", "tpm_limit"],
)
def test_some_failures_say_that_they_pass(word: str):
    assert may_pass(word)


@pytest.mark.parametrize("word", ["error", "failed", "malformed_function_call", "abort"])
def test_others_do_not(word: str):
    assert not may_pass(word)


@given(st.text())
def test_any_word_has_some_meaning(word: str):
    assert meaning(word) in MEANINGS
