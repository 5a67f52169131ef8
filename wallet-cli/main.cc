#include <iostream>

#include "wallet-cli/wallet.h"

int main(int argc, char** argv) {
  return causeway::wallet::RunWallet(argc, argv, std::cin, std::cout, std::cerr);
}
