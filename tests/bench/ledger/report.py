"""What was measured, as text: against the machine's limits and against what a ledger should reach."""


def add_ratios(figures):
    """Those that compare two parts of the run."""
    for kind in ("single", "batch"):
        if f"postgres_{kind}_per_s" in figures and "grpc_payments_per_s" in figures:
            figures[f"postgres_{kind}_ratio"] = (
                figures["grpc_payments_per_s"] / figures[f"postgres_{kind}_per_s"])


# What others may rely on in the JSON of a whole run; those of PostgreSQL only where it was measured.
KEYS = ("in_process_payments_per_s", "in_process_floor_ratio", "grpc_payments_per_s",
        "grpc_mtls_payments_per_s", "signed_single_payments_per_s", "signed_single_verify_ratio",
        "one_client_latency_sync_ratio", "open_loop_p99_sync_ratio", "accounts_growth_ratio",
        "history_growth_ratio", "disk_bytes_per_payment", "recovery_s", "recovery_payments")
POSTGRES_KEYS = ("postgres_single_ratio", "postgres_batch_ratio")


def missing_keys(figures):
    wanted = KEYS + (POSTGRES_KEYS if "postgres_single_per_s" in figures else ())
    return [key for key in wanted if key not in figures]


# What, key, whether at least or at most, the bar.
BARS = (
    ("in process, payments/s", "in_process_payments_per_s", "at least", 2_000_000),
    ("in process / single-threaded floor", "in_process_floor_ratio", "at least", 1.5),
    ("gRPC, payments/s", "grpc_payments_per_s", "at least", 1_000_000),
    ("gRPC with mutual TLS, payments/s", "grpc_mtls_payments_per_s", "at least", 900_000),
    ("single signed payments / P-256 verifications of one core", "signed_single_verify_ratio",
     "at least", 0.7),
    ("one client, one at a time: median / data sync", "one_client_latency_sync_ratio",
     "at most", 5),
    ("open loop at half the peak, bulks of 256: p99 / data sync", "open_loop_p99_sync_ratio",
     "at most", 40),
    ("gRPC / PostgreSQL, one transaction a payment", "postgres_single_ratio", "at least", 200),
    ("gRPC / PostgreSQL, set-based", "postgres_batch_ratio", "at least", 20),
    ("rate with many accounts / with few", "accounts_growth_ratio", "at least", 0.7),
    ("rate of the last payments / of the first", "history_growth_ratio", "at least", 0.85),
    ("rate beside look-ups of old payments / alone", "payments_per_s_beside_lookups_ratio",
     "at least", 0.9),
    ("rate beside pages of accounts' histories / alone", "payments_per_s_beside_history_ratio",
     "at least", 0.9),
    ("disk, bytes a payment", "disk_bytes_per_payment", "at most", 150),
    ("memory, bytes an account", "memory_bytes_per_account", "at most", 150),
    ("recovery, seconds", "recovery_s", "at most", 10),
)


def _number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _limits(figures):
    return [
        "",
        "the machine:",
        f"  overwriting 4 KiB with fdatasync  {figures['sync_us_median']:.0f} us",
        f"  appending 4 KiB with fdatasync    {figures['append_sync_us_median']:.0f} us",
        "  sequential write                  "
        f"{figures['sequential_write_bytes_per_s'] / 1e6:.0f} MB/s",
        "  verifications of one core         "
        f"{figures['p256_verifications_per_s']:.0f} P-256, "
        f"{figures['ed25519_verifications_per_s']:.0f} Ed25519 a second",
        f"  SHA-256 of one core               {figures['sha256_bytes_per_s'] / 1e6:.0f} MB/s",
        "",
    ]


def _against_limits(figures):
    lines = []
    if "in_process_payments_per_s" in figures and "disk_bytes_per_payment" in figures:
        rate = figures["in_process_payments_per_s"]
        share = rate * figures["disk_bytes_per_payment"] / figures["sequential_write_bytes_per_s"]
        lines.append(f"  in process it writes {share:.0%} of what the disk takes sequentially")
    if "in_process_processor_ns_per_payment" in figures:
        lines.append(f"  a payment in process costs "
                     f"{figures['in_process_processor_ns_per_payment']:.0f} ns of processor time, "
                     f"making the bulks left out")
    if "history_payments" in figures:
        lines.append(f"  growth: {figures['accounts_many']:,} accounts against "
                     f"{figures['accounts_few']:,}; {figures['history_payments']:,.0f} payments")
        lines.append(f"  written {figures['written_bytes_per_payment']:.0f} bytes a payment, kept "
                     f"{figures['disk_bytes_per_payment']:.0f}; memory "
                     f"{figures['memory_bytes_per_million_uetrs'] / 1e6:.1f} MB per million UETRs")
        lines.append(f"  look-ups: {figures['lookup_processor_us']:.0f} us of processor time each; "
                     f"{figures['lookups_per_s']} a second leave "
                     f"{figures['payments_per_s_beside_lookups_ratio']:.2f} of the rate")
        lines.append(f"  a page of {figures['history_page_entries']} entries of an account's "
                     f"history: {figures['history_page_processor_us']:.0f} us of processor time")
    if "recovery_payments" in figures:
        lines.append(f"  over gRPC it writes {figures['grpc_written_bytes_per_payment']:.0f} bytes a "
                     f"payment, snapshots included")
        lines.append(f"  recovered {figures['recovery_payments']:,} payments; the node holds "
                     f"{figures['node_memory_running_bytes'] / 1e6:.0f} MB before the kill, "
                     f"{figures['node_memory_bytes'] / 1e6:.0f} MB after the start")
    if "open_loop_8192_p99_us" in figures:
        lines.append(f"  open loop, bulks of 8,192: p99 {figures['open_loop_8192_p99_us']:.0f} us, "
                     f"{figures['open_loop_8192_p99_sync_ratio']:.1f} times the sync")
    if "postgres_single_per_s" in figures:
        lines.append(
            f"  PostgreSQL: {figures['postgres_single_per_s']:.0f}/s one transaction a payment, "
            f"{figures['postgres_batch_per_s']:.0f}/s in sets of {figures['postgres_batch_size']:,}"
            f" over {figures['postgres_batch_sessions']} connections")
    return lines


def as_text(figures, bars=BARS):
    lines = _limits(figures)
    lines.append(f"{'':58} {'measured':>12}  {'should be':>18}")
    for what, key, sense, bar in bars:
        if key not in figures:
            continue
        value = figures[key]
        reached = value >= bar if sense == "at least" else value <= bar
        lines.append(f"{what:58} {_number(value):>12}  {sense + ' ' + _number(bar):>18}  "
                     f"{'reached' if reached else 'not reached'}")
    lines.append("")
    lines += _against_limits(figures)
    return "\n".join(lines)
