/* The applets: what `berth-native WORD` runs. Each returns an exit status. argv[0] is the word. */
#ifndef BERTH_APPLETS_H
#define BERTH_APPLETS_H

int enter_main(int argc, char **argv);
int take_main(int argc, char **argv);
int remove_main(int argc, char **argv);
int shift_main(int argc, char **argv);
int probe_main(int argc, char **argv);
int compress_main(int argc, char **argv);
int seccomp_main(int argc, char **argv);
int launch_main(int argc, char **argv);
int exec_main(int argc, char **argv);
int exec_again_main(int argc, char **argv);
int run_again_main(int argc, char **argv);
int attach_main(int argc, char **argv);
int signal_main(int argc, char **argv);
int wait_main(int argc, char **argv);
int hello_main(int argc, char **argv);
int supervise_main(int argc, char **argv);
int become_main(int argc, char **argv);
int low_ports_main(int argc, char **argv);

#endif
