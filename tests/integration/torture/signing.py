"""Ed25519 signatures by libcrypto in this process: a program started for each would be the load."""

import ctypes
import ctypes.util

from corridor import Key, openssl

ED25519 = 1087  # EVP_PKEY_ED25519
KEY_BYTES, SIGNATURE_BYTES = 32, 64

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
_crypto.EVP_PKEY_new_raw_private_key.restype = ctypes.c_void_p
_crypto.EVP_PKEY_new_raw_private_key.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p,
                                                 ctypes.c_size_t]
_crypto.EVP_MD_CTX_new.restype = ctypes.c_void_p
_crypto.EVP_MD_CTX_free.argtypes = [ctypes.c_void_p]
_crypto.EVP_DigestSignInit.argtypes = [ctypes.c_void_p] * 5
_crypto.EVP_DigestSign.argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                   ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p,
                                   ctypes.c_size_t]


class FastKey(Key):
    """An Ed25519 key whose signatures cost no process. Any thread."""

    def __init__(self, path):
        super().__init__(path)
        seed = openssl("pkey", "-in", path, "-outform", "DER")[-KEY_BYTES:]
        self._key = _crypto.EVP_PKEY_new_raw_private_key(ED25519, None, seed, KEY_BYTES)
        assert self._key, f"{path} is no Ed25519 key"

    def sign(self, message):
        context = _crypto.EVP_MD_CTX_new()
        try:
            signature = ctypes.create_string_buffer(SIGNATURE_BYTES)
            size = ctypes.c_size_t(SIGNATURE_BYTES)
            done = (_crypto.EVP_DigestSignInit(context, None, None, None, self._key) == 1 and
                    _crypto.EVP_DigestSign(context, signature, ctypes.byref(size), message,
                                           len(message)) == 1)
            assert done, "libcrypto does not sign"
            return signature.raw[:size.value]
        finally:
            _crypto.EVP_MD_CTX_free(context)
