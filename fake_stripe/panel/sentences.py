"""What the panel says after a button has done its work, by the name of the order."""

SENTENCES = {
    "pay_session": "The payer has done that on the payment page.",
    "settle_session": "The bank has answered.",
    "expire_session": "The session has expired.",
    "authenticate_payment": "The customer has answered the bank.",
    "make_refund": "The refund is made.",
    "succeed_refund": "The refund has succeeded.",
    "fail_refund": "The refund has failed: the money is back.",
    "open_dispute": "The payment is contested.",
    "move_dispute": "The dispute has moved on.",
    "resend_event": "The event is on its way again.",
    "lose_event": "The event is lost until it is resent.",
    "hold_deliveries": "Webhooks are held back.",
    "release_deliveries": "Webhooks are sent again.",
    "plan_deliveries": "The plan is in force for events to come.",
    "arm_fault": "The trouble is ordered.",
    "clear_faults": "No trouble is ordered any more.",
    "clear_requests": "The log is empty.",
    "forward_clock": "The clock has gone forward; what was due on the way has happened.",
}
