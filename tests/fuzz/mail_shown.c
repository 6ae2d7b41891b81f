/* A mail as `make run` prints it: whatever stands in it, a terminal is given nothing to obey. */
#include "fuzz.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	SCOPED(buf_done) struct buf out = { 0 };

	(void)!message_show(&out, input_text(&arena, bytes, length));
	for (size_t i = 0; i < out.length; i++)
		must(out.bytes[i] == '\n' || ((unsigned char)out.bytes[i] >= ' ' && out.bytes[i] != 0x7f));
	return 0;
}
