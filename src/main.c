#include <stdlib.h>

#include "cli/command.h"
#include "cli/process.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	(void)argc;
	if (process_keep_streams())
		return EXIT_FAILURE;
	return command_run(argv);
}
