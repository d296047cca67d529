"""The texts that people see, in English, and their translations.

The English sentence is the gettext message id. ``chalicelib/locales`` holds zh-Hans and zh-Hant.
Every text that depends only on its key belongs here. A test finds keys without a text and texts
without a translation (GO-9).
"""

import functools
import gettext
from pathlib import Path

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
DEFAULT = "zh-Hans"
DOMAIN = "venuecode"
LOCALES = Path(__file__).parent.parent / "locales"

TEXTS: dict[str, str] = {
    # Errors, by code.
    "error.internal_error": "Something went wrong on our side. Please try again.",
    "error.invalid_input": "Please check what was entered.",
    "error.token_missing": "Please log in.",
    "error.token_invalid": "This login is not valid. Please log in again.",
    "error.token_expired": "This login has expired. Please log in again.",
    "error.session_ended": "You have been logged out. Please log in again.",
    "error.otp_invalid": "The code is wrong or has expired.",
    "error.otp_used_up": "Too many wrong codes. Please request a new one.",
    "error.platform_code_invalid": "The login took too long or was repeated. Please try again.",
    "error.platform_account_blocked": "WeChat or Alipay has restricted this account for safety. "
    "Please log in by text message.",
    "error.phone_required": "Please confirm your phone number first.",
    "error.signature_invalid": "This message is not signed as agreed.",
    "error.stronger_login_needed": "Please confirm who you are first.",
    "error.identity_check_unusable": "This check was not passed, is too old, has been used, "
    "or is of another person. Please do it again.",
    "error.phone_taken": "This phone number belongs to another account. "
    "Please log in with it by text message.",
    "error.phone_proof_invalid": "The phone number could not be confirmed. Please try again.",
    "error.phone_change_unproved": "The code for your former number, or the ID number, is wrong.",
    "error.confirm_by_text_message": "Please confirm this phone number by text message.",
    "error.client_not_offered": "Logging in this way is not offered here. "
    "Please log in by text message.",
    "error.pairing_code_invalid": "This pairing code is wrong, was used, or has expired. "
    "Please ask the operator for a new one.",
    "error.device_not_paired": "This phone was not paired when the pass was scanned. "
    "The visit was not recorded.",
    "error.too_many_devices": "You have paired five phones. Please revoke one first.",
    "error.temperature_late": "A temperature can be added within ten minutes of the scan.",
    "error.device_revoked": "This device has been withdrawn. Please tell the operator.",
    "error.forbidden": "You may not do this.",
    "error.not_your_venue": "You have no rights at this venue.",
    "error.not_your_dependant": "You do not act for this person, or no longer do.",
    "error.registration_required": "Please complete the real-name registration first.",
    "error.registration_rejected": "Your name and ID number could not be verified. "
    "Please correct your registration; you can scan again once it is approved.",
    "error.registration_not_verified": "Your registration is still being verified. "
    "Please try again once it is approved.",
    "error.not_found": "There is nothing here.",
    "error.code_unknown": "This is not a venue code. Please scan the poster again, "
    "or ask the venue's staff.",
    "error.code_revoked": "This venue code has been withdrawn. Please ask the venue's staff "
    "for the new one.",
    "error.join_code_unknown": "This join code is not known. Please ask the venue's administrator.",
    "error.visitor_not_verified": "This visitor's name and ID number are not verified. "
    "Please check their ID card.",
    "error.initial_administrator": "A venue's initial administrator stays until they have handed "
    "it over to another administrator.",
    "error.initial_administrator_only": "Only the venue's initial administrator adds and removes "
    "administrators, and hands the venue over.",
    "error.hand_over_first": "Please hand over first: you are the administrator of {venues}.",
    "error.own_account": "This person has an account of their own and asks for this themselves.",
    "error.staff_no_match": "No registered person matches what was entered.",
    "error.pass_invalid": "This is not a valid pass. Please ask for it to be shown again.",
    "error.pass_expired": "This pass has expired. Please ask for the pass to be refreshed.",
    "error.pass_revoked": "This pass has been withdrawn or replaced. Please ask for the "
    "visitor's current pass, or use a manual check.",
    "error.paper_not_accepted": "Paper passes and pictures are not accepted here. Please ask for "
    "the live pass on a phone, or use a manual check.",
    "error.pass_used": "This pass has already been used here. Please wait for the next one, "
    "which appears within a minute and a half.",
    "error.nonce_reused": "This request was already made with other contents.",
    "error.version_conflict": "This was changed in the meantime. Please load it again.",
    "error.identity_taken": "This identity cannot be registered here. "
    "Please ask the help desk if it is yours.",
    "error.dependant_taken": "Two people act for this person already. One of them must stop first.",
    "error.dependant_no_match": "This person could not be added. Please check name, number and "
    "proof.",
    "error.consent_code_invalid": "The code is wrong, used or has expired. Please ask for a new "
    "one.",
    "error.guardian_not_adult": "Only adults act for others.",
    "error.identity_managed": "This identity was registered for you by your family or a kiosk. "
    "Please confirm with your face that it is yours.",
    "error.identity_returning": "You have been here before. "
    "Please confirm to continue with your former record.",
    "error.too_many_dependants": "You act for eight people already. Please remove one first.",
    "error.venue_exists": "A venue with this number, name and address already has a code.",
    "error.form_changed": "The form has changed. Please load it again and fill in the new one.",
    "error.clock_skewed": "This was sent too late, or the clock of your phone is wrong. Please try "
    "again; if that does not help, set the phone to network time.",
    "error.too_many_venues": "One person may work at no more than 20 venues.",
    "error.travel_card_code_wrong": "The code is wrong or has expired. Please check it, or request "
    "a new one. If none arrives, the staff can check your travel card.",
    "error.travel_card_no_phone": "The travel card needs a mobile number from mainland China. "
    "Please have the staff check it.",
    "error.too_many_requests": "Too many attempts. Please try again {when}.",
    "error.unavailable": "The service is busy. Please try again in a moment.",
    "error.unhealthy": "Parts of the service do not work.",
    # When to try again. English tells the length of a long wait, Chinese the time of its end.
    "when.seconds": "in {count} seconds",
    "when.minutes": "in about {count} minutes",
    "when.hours": "in about {count} hours",
    "when.days": "in about {count} days",
    "when.today": "today after {time}",
    "when.tomorrow": "tomorrow after {time}",
    "when.day": "on {month}/{day} after {time}",
    # Invalid fields, by code.
    "field.missing": "This is needed.",
    "field.unknown": "This field is not known.",
    "field.type": "This has the wrong type.",
    "field.too_short": "This is too short.",
    "field.too_long": "This is too long.",
    "field.out_of_range": "This is outside the allowed range.",
    "field.not_allowed": "This is not one of the allowed values.",
    "field.malformed": "This does not have the right form.",
    "field.not_json": "The app sent something that cannot be read. Please update the app.",
    "field.too_large": "This is too large: no more than 64 KB can be sent.",
    "field.control_character": "This contains a character that cannot be printed ({character}): "
    "please type it again, or leave it out.",
    "field.phone": "This is not a valid phone number.",
    "field.resident_id": "This is not a valid resident ID number.",
    "field.residence_permit": "This is not a valid number of a residence permit for residents of "
    "Hong Kong, Macau or Taiwan: 18 characters that begin with 810000, 820000 or 830000.",
    "field.hk_macau_permit": "This is not a valid number of a travel permit for residents of Hong "
    "Kong or Macau: the letter H or M and 8 digits.",
    "field.taiwan_permit": "This is not a valid number of a travel permit for Taiwan residents: "
    "8 digits, or the 10 digits and the letter of an older permit.",
    "field.foreign_permanent_resident": "This is not a valid number of a foreign permanent "
    "resident ID card: 18 characters that begin with 9, or the 3 letters and 12 digits of an older "
    "card.",
    "field.passport": "This is not a valid passport number: please write the 3 letters of the "
    "issuing country first, as in USA123456789.",
    "field.birth_certificate": "This is not a valid number of a medical certificate of birth: one "
    "letter and 9 digits.",
    "field.check_digit": "This number is not valid: its check digit does not match.",
    "field.older_credit_code": "The last character of this credit code does not follow the "
    "standard, as on some licences of Xiamen from before 2016. Please show the licence to the "
    "office that runs this service, which can accept it, or apply with the manager's resident ID "
    "number.",
    "field.plate": "This is not a valid vehicle plate.",
    "field.number_length": "This number does not have the right length.",
    "field.number_format": "This number does not have the right form.",
    "field.region": "Please choose a county, district or city from the list.",
    "field.venue_type": "This venue type is not in the catalogue.",
    "field.nonce": "The app numbered this request wrongly. Please try again, or update the app.",
    "field.glyph": "These characters cannot be printed on a poster: {characters}",
    "field.join_code": "This is not a join code: please check each character.",
    "field.pairing_code": "This is not a pairing code: please check each character.",
    "field.pass": "This is not a pass.",
    "field.consent_code": "This is not a consent code: please check each character.",
    "field.birth_date": "This is not the birth date on the document, or it is in the future.",
    "field.child_too_old": "From the 14th birthday on, they register themselves, or are added "
    "with their own consent.",
    "field.elder_too_young": "They are not 14 yet: please add them as a child.",
    "field.yourself": "This is yourself.",
    "field.administrator": "Please name another administrator of this venue, with a verified "
    "registration.",
    "field.cursor": "This place in the list is not known. Please begin again.",
    "field.day": "This is not a day in the form 2022-04-24.",
    "field.payload": "This is not a venue code.",
    "field.not_asked": "This is asked only after another answer is yes.",
    "field.day_range": "This must be a day of the last 14 days, and not in the future.",
    "field.province": "Please choose a province from the list.",
    # Outcomes of a scan, their reasons and next steps.
    "outcome.admit": "Please come in",
    "outcome.check": "Please see the staff",
    "outcome.refuse": "No entry",
    "outcome.pending": "One moment, checking",
    "reason.identity_pending": "Name and ID number are being checked.",
    "reason.identity_unmatched": "Nothing was found under this name and ID number.",
    "reason.identity_unknown": "Name and ID number could not be checked.",
    "reason.other_proof_needed": "The health code alone does not decide here. Please have the "
    "other proofs shown: test, travel card, vaccination.",
    "reason.health_code_green": "Health code: green.",
    "reason.health_code_red": "Health code: red.",
    "reason.health_code_yellow": "Health code: yellow.",
    "reason.health_code_light_green": "Health not yet declared.",
    "reason.health_code_absent": "No health code was found.",
    "reason.health_code_unknown": "The health code could not be fetched.",
    "reason.health_code_stale": "The health code is out of date.",
    "reason.health_code_pending": "The health code is being fetched.",
    "reason.health_code_unconfirmed": "Health code not confirmed; you are admitted on record.",
    "reason.nucleic_acid_positive": "Nucleic acid test: positive.",
    "reason.nucleic_acid_absent": "No nucleic acid test within 14 days.",
    "reason.nucleic_acid_too_old": "The nucleic acid test is older than {hours} hours.",
    "reason.nucleic_acid_unknown": "The nucleic acid test could not be fetched.",
    "reason.nucleic_acid_pending": "The nucleic acid test is being fetched.",
    "reason.nucleic_acid_recent": "Nucleic acid test: negative, within {hours} hours.",
    "reason.nucleic_acid_unconfirmed": "Nucleic acid test not confirmed; "
    "you are admitted on record.",
    "reason.temperature_fever": "Fever was measured.",
    "reason.travel_card_normal": "Travel card: normal.",
    "reason.travel_card_abnormal": "Travel card: abnormal.",
    "reason.travel_card_code_needed": "Today's travel card has not been fetched.",
    "reason.vaccination_complete": "Vaccination: complete.",
    "reason.vaccination_partial": "Vaccination: not complete.",
    "reason.vaccination_none": "No vaccination on record.",
    "reason.vaccination_unknown": "The vaccination record could not be fetched.",
    "reason.vaccination_unconfirmed": "Vaccination not confirmed; you are admitted on record.",
    "reason.vaccination_pending": "The vaccination record is being fetched.",
    "step.enter": "Show this screen to the staff and come in.",
    "step.wait": "Please wait a moment; the answer will appear here.",
    "step.verify_with_staff": "Please have the staff check your health code and ID.",
    "step.declare_health": "Please declare your health; the form opens from this screen.",
    "step.declare_again": "If your declaration has expired, please declare your health again.",
    "step.see_doctor": "Please do not enter; see a doctor or a fever clinic.",
    "step.enter_travel_card_code": "Please ask for the travel card's code by text message, "
    "which is free, and enter it here.",
    "step.no_code_see_staff": "Did not receive the code? The staff can check your official "
    "travel card; a visit that you scanned stays on record.",
    "step.verify_travel_card": "Please have the staff check your travel card in the official "
    "travel card service.",
    "step.verify_vaccination": "Please show your vaccination record to the staff.",
    "step.test_nucleic_acid": "Please take a nucleic acid test.",
    "step.report_to_community": "Please stay away from others and report to your community "
    "or employer.",
    "step.compare_id": "Paper pass: compare with the ID.",
    # Variants for staff, who act for the visitor. A key without a variant uses the text above.
    "staff_outcome.admit": "Let them in",
    "staff_outcome.check": "Please check",
    "staff_outcome.refuse": "Turn away",
    "staff_step.enter": "The visitor may come in.",
    "staff_step.verify_with_staff": "Check the visitor's health code and ID.",
    "staff_step.declare_health": "Ask the visitor to declare their health on their phone, from "
    "the screen of this scan.",
    "staff_step.declare_again": "If the declaration has expired, ask the visitor to declare again.",
    "staff_step.see_doctor": "Turn the visitor away, and direct them to a fever clinic.",
    "staff_step.enter_travel_card_code": "Ask the visitor to have the travel card's code sent, "
    "which is free, and to enter it on their phone.",
    "staff_step.no_code_see_staff": "If no code arrives, check the visitor's official travel card; "
    "the visit stays on record.",
    "staff_step.verify_travel_card": "Check the visitor's travel card in the official travel card "
    "service.",
    "staff_step.verify_vaccination": "Check the visitor's vaccination record.",
    "staff_step.test_nucleic_acid": "Ask the visitor to take a nucleic acid test.",
    "staff_step.report_to_community": "Ask the visitor to stay away from others and to report to "
    "their community or employer.",
    # States of a screen's components.
    "advice.green": "Please come in; wear a mask.",
    "advice.yellow": "More is to be verified before you can pass, or your declaration has expired: "
    "please have your temperature taken, or declare your health again.",
    "advice.red": "You cannot pass. Please report to your community (village) or employer.",
    "advice.light_green": "You have not declared your health yet. Please declare it.",
    "report_to.community": "your community",
    "state.green": "Green",
    "state.yellow": "Yellow",
    "state.red": "Red",
    "state.light_green": "Not declared",
    "state.unconfirmed": "Not confirmed",
    "state.negative": "Negative",
    "state.negative_48h": "Negative, within 48 hours",
    "state.positive": "Positive",
    "state.complete": "Complete",
    "state.partial": "Not complete",
    "state.none": "Not vaccinated",
    "state.normal": "Normal",
    "state.abnormal": "Abnormal",
    "state.code_needed": "Code needed",
    "travel_card.not_needed": "Not needed here; there is nothing to do",
    "state.absent": "None found",
    "state.unknown": "Unknown",
    "state.pending": "Fetching",
    "state.identity_pending": "Registration being verified",
    # Codes that clients show or offer, by list (core/code_lists.py).
    "document_type.resident_id": "Resident ID card",
    "document_type.hk_macau_permit": "Mainland travel permit for Hong Kong and Macao residents",
    "document_type.taiwan_permit": "Mainland travel permit for Taiwan residents",
    "document_type.residence_permit": "Residence permit for Hong Kong, Macao and Taiwan residents",
    "document_type.foreign_permanent_resident": "Foreign permanent resident ID card",
    "document_type.passport": "Passport",
    "document_type.birth_certificate": "Medical certificate of birth",
    "number_type.uscc": "Unified social credit code",
    "number_type.organisation_code": "Organisation code",
    "number_type.resident_id": "Resident ID number of the manager",
    "number_type.plate": "Vehicle plate",
    "role.administrator": "Administrator",
    "role.inspector": "Inspector",
    "standing.active": "In force",
    "standing.unverified": "Registration not verified at present",
    "standing.lapsed": "Lapsed: registered under another document",
    "means.visitor": "The visitor scanned the venue code",
    "means.fast": "Fast check-in",
    "means.staff": "The staff scanned a pass",
    "means.manual": "Manual check",
    "means.paper": "Entry on paper",
    "pass_kind.live": "Pass on the phone",
    "pass_kind.companion": "Pass on a family member's phone",
    "pass_kind.paper": "Paper pass",
    "direction.entry": "Entry",
    "direction.exit": "Exit",
    "temperature.normal": "Normal temperature",
    "temperature.fever": "Fever",
    "verification_state.none": "Not registered",
    "verification_state.pending": "Being verified",
    "verification_state.verified": "Verified",
    "verification_state.rejected": "Not passed",
    "relation.child": "Child",
    "relation.elder": "Elder",
    "link.face": "By a face check",
    "link.household": "By the register of households",
    "link.consent": "By a consent code",
    "link.officer": "By the help desk",
    "strength.platform": "Login by WeChat or Alipay",
    "strength.phone": "Phone number confirmed",
    "strength.payment_password": "Payment password checked",
    "strength.face": "Face checked",
    # The README of an export.
    "export.readme": "Your data in the venue code service\n\n"
    "data.json has everything. The CSV files have the same, for spreadsheets: profile, sessions, "
    "answers of health services, rights at venues, family, visits, accesses to your data, and "
    "records (declarations, arrivals, notices, passes). Times are in UTC. An apostrophe before "
    "=, +, - or @ keeps a spreadsheet from calculating.\n"
    "Please keep these files safe: they contain your full name, ID number and phone number.",
    # Erasure: what it removes, and what is kept on which ground.
    "erased.account": "Your registration, phone number, identity document, platform accounts and "
    "logins",
    "erased.answers": "The stored answers of health code, test, vaccination and travel card",
    "erased.records": "Your declarations, arrivals and notices",
    "erased.rights": "Your rights as staff of venues",
    "erased.family": "Your links to dependants and guardians",
    "erased.passes": "Your paper passes",
    "erased.visits": "Your name in your visits",
    "erased.accesses": "The list of who looked at your data",
    "erased.files": "Your pass files and exports",
    "kept.visits": "Visits without you: venue, time and result, for the venue's obligations in the "
    "control of epidemics",
    "kept.figures": "Counts of visits, which name nobody",
    "kept.actions": "An internal number without a name, with the checks that you made for others "
    "and their counts, so that they can see who looked at their data",
    "kept.backups": "Encrypted backups, for recovery after a failure only",
    "kept.receipt": "The receipt of this erasure, which names nobody",
    # Accesses to a person's data, as shown to that person.
    "access.manual_check": "Staff entered your ID number to look up a health code.",
    "access.staff": "Staff opened a record of your visit.",
    "access.guardian": "Your guardian looked at your health data for you.",
    "access.kiosk": "Your ID document was read at a kiosk to print your pass.",
    "access.officer": "The service's operators looked up your record.",
    # Paper passes.
    "paper_pass.failed": "A character of the name cannot be printed. Please have the pass issued "
    "again with the masked name.",
    # The form of declarations: its sections, its questions and their options.
    "form.health": "Health declaration",
    "form.arrival": "Arrival in the province",
    "form.yes": "Yes",
    "form.no": "No",
    "form.fever": "Do you have a fever (37.3 °C or more), or had one in the last 14 days?",
    "form.symptoms": "Do you have any of these symptoms? Please leave it empty if you have none.",
    "form.symptoms.cough": "Cough",
    "form.symptoms.sore_throat": "Sore throat",
    "form.symptoms.fatigue": "Fatigue",
    "form.symptoms.breathlessness": "Shortness of breath",
    "form.symptoms.taste_loss": "Loss of smell or taste",
    "form.symptoms.diarrhoea": "Diarrhoea",
    "form.contact": "Were you in contact with a confirmed case in the last 14 days?",
    "form.contact_on": "On which day was the last contact?",
    "form.risk_area": "Did you stay in a medium-risk or high-risk area in the last 14 days?",
    "form.risk_region": "In which county or district was that area?",
    "form.destination": "To which county or district are you going, or where do you stay?",
    "form.from_province": "From which province did you come?",
    "form.transport": "How did you travel?",
    "form.transport.flight": "By plane",
    "form.transport.train": "By train",
    "form.transport.coach": "By coach",
    "form.transport.ship": "By ship",
    "form.transport.car": "By car",
    "form.transport.other": "In another way",
    "form.transport_number": "Number of the flight, train or vehicle",
    "form.arrived_on": "On which day did you arrive?",
    "form.stay_address": "At which address do you stay?",
    # Notices.
    "notice.released": "Your medical observation from {began} to {ended} has ended. "
    "Please keep watching your health.",
    # What an action requires, by action.
    "stronger_login.add_child": "Please do the child's face check, "
    "or let us check that you live in the same household.",
    "stronger_login.add_elder": "Please do the face check of the person you want to help, "
    "or ask them for a consent code from their own phone.",
    "stronger_login.take_over": "Please do the face check of this name and ID number first.",
    "stronger_login.export": "Please confirm your phone number first, or do a face check.",
    "stronger_login.erase": "Please confirm your phone number first, or do a face check.",
    "stronger_login.replace_phone": "Please enter a code sent to your former number, "
    "or the number of your ID.",
    # Why a location is asked for with a scan.
    "location.purpose": "Your location shows that you are near the venue when you scan. "
    "Only the area, about 5 km wide, is kept with your visit; staff do not see it. "
    "You can scan without it.",
    # Registration.
    "verification.mismatch": "The name and the ID number do not belong together.",
    "verification.absent": "This ID number is not known to the identity service.",
    # Families.
    "consent.purpose": "The person who enters this code may show your pass, read your health code "
    "and check in for you. Tell it only to the family member who is to do so. You can end it any "
    "time.",
    # Warnings in a response.
    "warning.number_shared": "Another venue is registered under this number. "
    "That is right for branches of one firm.",
    "demo": "演示 · Demonstration",
    # The landing page.
    "landing.title": "Venue code",
    "landing.enter": "Register your visit at",
    "landing.unknown": "This venue code is not known",
    "landing.revoked": "This venue code has been withdrawn",
    "landing.how": "Nothing is wrong. Please register in one of these ways:",
    "landing.no_channel": "Please show this page to the staff at the entrance. "
    "They register your visit.",
    "landing.leave_wechat": "This place has no mini-program in WeChat. "
    "Please leave WeChat and use:",
    "landing.leave_alipay": "This place has no mini-program in Alipay. "
    "Please leave Alipay and use:",
    "landing.program": "the mini-program “{name}”",
    "landing.program_unnamed": "the health code mini-program",
    "landing.channel_app": "App “{name}”",
    "landing.channel_wechat": "WeChat",
    "landing.channel_alipay": "Alipay",
    "landing.channel_browser": "Browser of your phone",
    "landing.use_app": "Open the app, tap “Scan”, scan the poster.",
    "landing.use_wechat": "In WeChat, open {program}, tap “Scan”, scan the poster.",
    "landing.use_alipay": "In Alipay, open {program}, tap “Scan”, scan the poster.",
    "landing.use_browser": "Register on a web page, without an app.",
    "landing.inside_wechat": "You are in WeChat. Go back to its first page, search for {program} "
    "at the top and open it. Tap “Scan”, scan the poster.",
    "landing.inside_alipay": "You are in Alipay. Search for {program} on its first page and "
    "open it. Tap “Scan”, scan the poster.",
    "landing.open_app": "Open the app",
    "landing.open_wechat": "Open in WeChat",
    "landing.open_alipay": "Open in Alipay",
    "landing.open_browser": "Register here",
    "landing.no_phone": "No phone? Show your ID card or paper pass to the staff at the entrance, "
    "who register you.",
    "landing.no_phone_no_pass": "No phone? The staff at the entrance register you with your "
    "ID card.",
    "landing.join": "This code is for the venue's staff",
    "landing.join_staff": "Staff: open the mini-program, tap “Join a venue”, scan this code.",
    "landing.join_visitors": "Visitors: please scan the poster at the entrance.",
    "landing.free": "Using it is free of charge.",
    "landing.ask_staff": "Please ask the venue's staff for its current code.",
}


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, [language.replace("-", "_")])


def text(key: str, language: str, **params: str) -> str:
    """Return the text of `key` in `language` (one of LANGUAGES), with its placeholders filled."""
    return _catalogue(language).gettext(TEXTS[key]).format(**params)


def negotiate(accept_language: str | None) -> str:
    """Return the language of the response by ``Accept-Language`` (RFC 9110, section 12.5.4).

    Chinese without a script is traditional for TW, HK and MO, and simplified otherwise. Cantonese
    (``yue``, of the macrolanguage ``zh`` in the IANA registry) without a script is simplified for
    CN and SG, and traditional otherwise. The default is simplified Chinese, the language of the
    posters.
    """
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        language = _match(tag.strip().lower())
        if language and quality > 0:
            wanted.append((-quality, position, language))
    return min(wanted)[2] if wanted else DEFAULT


def _match(tag: str) -> str | None:
    primary, *rest = tag.replace("_", "-").split("-")
    if primary == "en":
        return "en"
    if primary not in ("zh", "cmn", "yue"):
        return None
    if primary == "yue" or "yue" in rest:  # zh-yue is its older tag
        usual = {"cn", "sg"}.isdisjoint(rest)
    else:
        usual = not {"tw", "hk", "mo"}.isdisjoint(rest)
    return "zh-Hant" if "hant" in rest or ("hans" not in rest and usual) else "zh-Hans"
