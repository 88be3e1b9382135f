"""The keys that Stripe's own answers have, at the first level and inside what our application reads.

Seen in answers of Stripe's test mode, API version 2026-08-26.dahlia, that github.com/Kiln-AI/stripe_world has recorded
in tests/conformance/cassettes (04 to 07). Keys that the SDK does not know are left away; NEWER has those that belong to
the pinned SDK's newer version of the API.
"""

ADDRESS = "city country line1 line2 postal_code state"

RECORDED: dict[str, str] = {
    "customer": (
        "id object address balance created currency customer_account default_source delinquent description discount "
        "email invoice_prefix invoice_settings livemode metadata name next_invoice_sequence phone preferred_locales "
        "shipping tax_exempt test_clock"
    ),
    "customer.invoice_settings": "custom_fields default_payment_method footer rendering_options",
    "product": (
        "id object active created default_price description images livemode marketing_features metadata name "
        "package_dimensions shippable statement_descriptor tax_code tax_details type unit_label updated url"
    ),
    "price": (
        "id object active billing_scheme created currency custom_unit_amount livemode lookup_key metadata nickname "
        "product recurring tax_behavior tiers_mode transform_quantity type unit_amount unit_amount_decimal"
    ),
    "coupon": (
        "id object amount_off created currency duration duration_in_months livemode max_redemptions metadata name "
        "percent_off redeem_by times_redeemed valid"
    ),
    "promotion_code": (
        "id object active code created customer customer_account expires_at livemode max_redemptions metadata "
        "promotion restrictions times_redeemed"
    ),
    "promotion_code.promotion": "coupon type",
    "promotion_code.restrictions": "first_time_transaction minimum_amount minimum_amount_currency",
    "payment_method": (
        "id object allow_redisplay billing_details card created customer customer_account livemode metadata type"
    ),
    "payment_method.billing_details": "address email name phone tax_id",
    "payment_method.billing_details.address": ADDRESS,
    "payment_method.card": (
        "brand checks country display_brand exp_month exp_year fingerprint funding generated_from last4 networks "
        "regulated_status three_d_secure_usage wallet"
    ),
    "payment_intent": (
        "id object allowed_payment_method_types amount amount_capturable amount_details amount_received application "
        "application_fee_amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret "
        "confirmation_method created currency customer customer_account description excluded_payment_method_types "
        "last_payment_error latest_charge livemode managed_payments metadata next_action on_behalf_of payment_method "
        "payment_method_configuration_details payment_method_options payment_method_types payment_record processing "
        "receipt_email review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix "
        "status transfer_data transfer_group"
    ),
    "payment_intent.payment_method_options.card": "installments mandate_options network request_three_d_secure",
    "payment_intent.last_payment_error": (
        "advice_code charge code decline_code doc_url message network_decline_code payment_method payment_method_type "
        "type"
    ),
    "charge": (
        "id object amount amount_captured amount_refunded application application_fee application_fee_amount "
        "balance_transaction billing_details calculated_statement_descriptor captured created currency customer "
        "description disputed failure_balance_transaction failure_code failure_message fraud_details livemode metadata "
        "on_behalf_of outcome paid payment_intent payment_method payment_method_details radar_options receipt_email "
        "receipt_number receipt_url refunded review shipping source source_transfer statement_descriptor "
        "statement_descriptor_suffix status transfer_data transfer_group"
    ),
    "charge.outcome": (
        "advice_code network_advice_code network_decline_code network_status reason risk_level risk_score "
        "seller_message type"
    ),
    "charge.payment_method_details.card": (
        "amount_authorized authorization_code brand checks country electronic_commerce_indicator exp_month exp_year "
        "extended_authorization fingerprint funding incremental_authorization installments last4 mandate multicapture "
        "network network_token network_transaction_id overcapture regulated_status three_d_secure transaction_link_id "
        "wallet"
    ),
    "refund": (
        "id object amount balance_transaction charge created currency customer customer_account destination_details "
        "metadata payment_intent payment_method reason receipt_number source_transfer_reversal status "
        "transfer_reversal"
    ),
    "refund.destination_details.card": "reference_status reference_type type",
    "dispute": (
        "id object amount balance_transactions charge created currency enhanced_eligibility_types evidence "
        "evidence_details is_charge_refundable livemode metadata payment_intent payment_method_details reason status"
    ),
    "dispute.evidence_details": "due_by enhanced_eligibility has_evidence past_due submission_count",
    "dispute.payment_method_details.card": "brand case_type network network_reason_code",
    "balance_transaction": (
        "id object amount available_on balance_type created currency description exchange_rate fee fee_details net "
        "reporting_category source status type"
    ),
    "error": (
        "advice_code charge code decline_code doc_url message network_decline_code payment_intent payment_method "
        "request_log_url type"
    ),
}

# In the API version of the SDK and not yet in that of the recordings.
NEWER = {"dispute": {"network_reason_code"}, "dispute.evidence_details": {"submission_method"}}
