"""The sandbox plays a deployment's partners: SMS gateway, providers, carriers, WeChat, Alipay, the
service for identity checks, the register of households.

They speak the same HTTP as the real ones, so that the demo and the tests run the application's own
HTTP adapters. Their answers come from a cast of invented people (``infra/local/data/people.csv``)
and can be changed at run time:

    SANDBOX_SECRET=… SANDBOX_CREDENTIALS=file.json python -m infra.local.sandbox --port 4567

The file holds the mini-programs' credentials; it is made if missing. SANDBOX_CALLBACK is the URL
that results of identity checks are posted to; without it they are only polled.

For partners' clients, signed (see `signature`):

    POST /v1/messages                 one SMS; 202, 400 invalid_number, 429 with Retry-After
    POST /v1/{provider}/lookups       identity, health_code, nucleic_acid, vaccination
    POST /v1/health_code/declarations a health declaration; 200, 404 absent
    POST /v1/travel_card/codes        has the carrier send a code; 202, 400 invalid_number
    POST /v1/travel_card/exchanges    the travel card for the code; 200, 422 invalid_code
    POST /v1/identity_checks          starts a check of a face or payment password; 201
    POST /v1/identity_checks/results  its present result; 200, 404 unknown_check
    POST /v1/household/checks         whether guardian and child are in one household; 200

For the application's platform adapters, as WeChat and Alipay document them:

    GET  /sns/jscode2session                  a login code for a user's id
    POST /cgi-bin/stable_token                the mini-program's access token
    POST /wxa/business/getuserphonenumber     a phone code for a phone
    POST /gateway.do                          alipay.system.oauth.token, signed with RSA2

For people and tests of the sandbox, unsigned (it listens on 127.0.0.1 only):

    GET  /healthz
    GET  /sandbox/inbox               a page with the last messages to all numbers
    GET  /sandbox/inbox?to=+86…       the last message to a number, as JSON
    GET  /sandbox/calls               how often each partner was asked
    POST /sandbox/faults              {"provider": "health_code" | … | "wechat" | "*", "mode": …}
    POST /sandbox/wechat              {"phone": "+86…"}: a mini-program's values on a phone
    POST /sandbox/alipay              the same; "user" distinguishes two accounts with one phone
    GET  /sandbox/identity-checks?reference=…   the page of a check
    POST /sandbox/identity-checks     {"check_id": …, "result": "passed" | "failed" | "expired",
                                      "callbacks": 2}: what the person does on the page
    POST /sandbox/households          {"household": "1", "name": …, "document_type": …, …}
    POST /sandbox/people              {"document_number": …, "health_code": "yellow", …}

Nothing is saved: a restart drops messages, faults and changes to the cast.
"""
