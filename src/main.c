#include "cli/command.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	(void)argc;
	return command_run(argv);
}
