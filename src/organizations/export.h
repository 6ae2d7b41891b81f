/*
 * export: an organisation's members and audit log as CSV, streamed: rows are read in pages by key, each in a short read of its
 * own, and each page asks again whether the caller is signed in and may; where not, the download is cut.
 */
#ifndef TWOSTEP_ORGANIZATIONS_EXPORT_H
#define TWOSTEP_ORGANIZATIONS_EXPORT_H

#include "organizations/audit_log.h"

#define EXPORT_ROWS 100 /* of a page */

/* Fills call->out. bom: UTF-8 with a byte order mark, as spreadsheet programs like it. Logged before the first byte leaves.
 * ERR_DOWNLOAD_OFF, ERR_NEEDS_SECOND_STEP, ERR_OWN_TWO_STEP_FIRST; the audit log blames as audit_filter_read. */
MUST_USE enum err export_members(struct call *call, bool bom);
MUST_USE enum err export_audit(struct call *call, const struct audit_query *query, bool bom);

#endif
