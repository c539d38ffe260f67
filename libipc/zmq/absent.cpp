// SPDX-License-Identifier: BSD-3-Clause
// What the archives of libzmq and czmq refer to and nothing of ours can reach: the transports PGM
// and NORM, the mechanism GSSAPI, sockets handed over by systemd, UUIDs. Addresses of ours begin
// with tcp, ipc or inproc, sockets are plain or CURVE and all our own.
//
// Their libraries bring a dozen others along, and a command that ends after three milliseconds
// spends half of them on loading those. Only programs that link the archives get this (see LINK in
// the Makefile). Should libzmq ever get here, ending at once with the function's name in the core
// is the honest answer.
#include <cstdlib>

#define IPC_ABSENT(name) \
  void name() {          \
    std::abort();        \
  }
#define IPC_ABSENT_VALUE(name) void* name = nullptr;

extern "C" {

// Every context begins and ends with these; true.
int pgm_init() {
  return 1;
}
int pgm_shutdown() {
  return 1;
}

// czmq asks as it begins: none.
int sd_listen_fds(int) {
  return 0;
}
IPC_ABSENT(sd_is_socket_inet)
IPC_ABSENT(sd_is_socket_unix)
IPC_ABSENT(uuid_generate)

IPC_ABSENT(pgm_bind3)
IPC_ABSENT(pgm_close)
IPC_ABSENT(pgm_connect)
IPC_ABSENT(pgm_error_free)
IPC_ABSENT(pgm_free)
IPC_ABSENT(pgm_freeaddrinfo)
IPC_ABSENT(pgm_getaddrinfo)
IPC_ABSENT(pgm_getsockopt)
IPC_ABSENT(pgm_gsi_create_from_data)
IPC_ABSENT(pgm_recvmsgv)
IPC_ABSENT(pgm_send)
IPC_ABSENT(pgm_setsockopt)
IPC_ABSENT(pgm_socket)

IPC_ABSENT_VALUE(NORM_INSTANCE_INVALID)
IPC_ABSENT_VALUE(NORM_NODE_ANY)
IPC_ABSENT_VALUE(NORM_OBJECT_INVALID)
IPC_ABSENT_VALUE(NORM_SESSION_INVALID)
IPC_ABSENT(NormCreateInstance)
IPC_ABSENT(NormCreateSession)
IPC_ABSENT(NormDestroyInstance)
IPC_ABSENT(NormDestroySession)
IPC_ABSENT(NormGetDescriptor)
IPC_ABSENT(NormGetNextEvent)
IPC_ABSENT(NormGetRandomSessionId)
IPC_ABSENT(NormIsUnicastAddress)
IPC_ABSENT(NormNodeDelete)
IPC_ABSENT(NormObjectGetType)
IPC_ABSENT(NormObjectGetUserData)
IPC_ABSENT(NormObjectSetUserData)
IPC_ABSENT(NormSetCongestionControl)
IPC_ABSENT(NormSetDefaultSyncPolicy)
IPC_ABSENT(NormSetDefaultUnicastNack)
IPC_ABSENT(NormSetLoopback)
IPC_ABSENT(NormSetMulticastInterface)
IPC_ABSENT(NormSetRxPortReuse)
IPC_ABSENT(NormSetTTL)
IPC_ABSENT(NormStartReceiver)
IPC_ABSENT(NormStartSender)
IPC_ABSENT(NormStopInstance)
IPC_ABSENT(NormStopReceiver)
IPC_ABSENT(NormStopSender)
IPC_ABSENT(NormStreamFlush)
IPC_ABSENT(NormStreamOpen)
IPC_ABSENT(NormStreamRead)
IPC_ABSENT(NormStreamSeekMsgStart)
IPC_ABSENT(NormStreamWrite)

IPC_ABSENT_VALUE(GSS_C_NT_HOSTBASED_SERVICE)
IPC_ABSENT_VALUE(GSS_C_NT_USER_NAME)
IPC_ABSENT(gss_accept_sec_context)
IPC_ABSENT(gss_acquire_cred)
IPC_ABSENT(gss_delete_sec_context)
IPC_ABSENT(gss_display_name)
IPC_ABSENT(gss_import_name)
IPC_ABSENT(gss_init_sec_context)
IPC_ABSENT(gss_release_buffer)
IPC_ABSENT(gss_release_cred)
IPC_ABSENT(gss_release_name)
IPC_ABSENT(gss_unwrap)
IPC_ABSENT(gss_wrap)

}  // extern "C"
