#!/bin/sh
# Makes this box a bench, from this stick alone: no network, no compiler. As root: sh install.sh [NAME]
#
# Everything is copied to the box's disk and checked there before anything is installed. A power cut at any point: run
# it again, it goes on. A second run changes nothing. NAME names the box where the stick's names shall not be used.
set -eu
umask 022

MANIFEST=@MANIFEST@ # SHA-256 of manifest.sha256, which has that of every other file
NEEDED_KIB=@NEEDED_KIB@ # of the copy and of what is installed
KEPT=/var/lib/sekisho-first-boot # the copy until all is done; the box's name from then on

stick=$(cd "$(dirname "$0")" && pwd)
copy=$KEPT/copy
asked=${1:-}

say() { printf '%s\n' "$*"; }

fail() { # what is wrong, what to do
    printf 'install.sh: %s\n' "$1" >&2
    printf '  what to do: %s\n' "$2" >&2
    exit 1
}

sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }

bad_stick() { # file, expected, came
    rm -rf "$KEPT/part"
    fail "$1: expected SHA-256 $2, got $3. Nothing was installed." \
        "this stick is damaged or was altered: use another copy, or write it again"
}

require_box() {
    [ "$(id -u)" = 0 ] || fail "expected root, got $(id -un)." "sudo sh $stick/install.sh"
    case $asked in
    *[!A-Za-z0-9._-]* | [!A-Za-z0-9]*) fail "expected a name of letters, digits, dots and dashes, got '$asked'." "choose one" ;;
    esac
    for tool in dpkg dpkg-deb sha256sum; do
        command -v "$tool" >/dev/null || fail "expected Debian or Raspberry Pi OS with $tool, got none." "use such a box"
    done
    target=$(. /etc/os-release && printf '%s' "${VERSION_ID:-unknown}")-$(dpkg --print-architecture)
    mkdir -p "$KEPT"
    chmod 755 "$KEPT"
}

bring() {
    say "1/4 checking what is on the stick"
    if [ -z "$asked" ] && [ -f "$copy/manifest.sha256" ] && [ "$(sum_of "$copy/manifest.sha256")" = "$MANIFEST" ]; then
        return 0 # it got this name when it was whole
    fi
    rm -rf "$KEPT/part"
    free_kib=$(df -Pk "$KEPT" | awk 'NR == 2 { print $4 }')
    [ "$free_kib" -ge "$NEEDED_KIB" ] ||
        fail "$KEPT: expected $NEEDED_KIB KiB of free disk, got $free_kib KiB. Nothing was installed." "make room"
    mkdir -p "$KEPT/part/secret"
    chmod 700 "$KEPT/part/secret"
    cat "$stick/manifest.sha256" >"$KEPT/part/manifest.sha256" || bad_stick manifest.sha256 "$MANIFEST" "no such file"
    came=$(sum_of "$KEPT/part/manifest.sha256")
    [ "$came" = "$MANIFEST" ] || bad_stick manifest.sha256 "$MANIFEST" "$came"
    grep -q " packages/$target/sekisho_" "$KEPT/part/manifest.sha256" ||
        fail "expected a package for $target on this stick, got: $(targets). Nothing was installed." \
            "write a stick with the package of this Debian and processor"
    while read -r sum name; do
        case $name in
        packages/"$target"/*) ;;
        packages/*) continue ;; # for other boxes
        esac
        mkdir -p "$KEPT/part/$(dirname "$name")"
        cat "$stick/$name" >"$KEPT/part/$name" || bad_stick "$name" "$sum" "a file that cannot be read"
        came=$(sum_of "$KEPT/part/$name")
        [ "$came" = "$sum" ] || bad_stick "$name" "$sum" "$came"
    done <"$KEPT/part/manifest.sha256"
    sync
    rm -rf "$copy"
    mv "$KEPT/part" "$copy"
    sync
}

targets() { sed -n 's,.* packages/\([^/]*\)/sekisho_.*,\1,p' "$KEPT/part/manifest.sha256" | sort -u | paste -s -d ' ' -; }

keep_name() { # durable before anything else happens under this name
    printf '%s\n' "$1" >"$KEPT/name.new"
    sync
    mv "$KEPT/name.new" "$KEPT/name"
    sync
}

take_name() {
    if [ -n "$asked" ]; then
        keep_name "$asked"
    elif [ ! -s "$KEPT/name" ]; then
        # Boxes may be copies of one image: what tells them apart is made here.
        [ -s "$KEPT/box" ] || { cat /proc/sys/kernel/random/uuid >"$KEPT/box" && sync; }
        take_free_name
    fi
    name=$(cat "$KEPT/name")
    # The tokens of the other boxes are none of its business, and a stolen box must not hold them.
    # awk would take 07 and 7 for one number: two words are compared as such.
    awk -v name="$name" '($1 "") == (name "")' "$copy/secret/boxes" >"$copy/secret/boxes.new"
    mv "$copy/secret/boxes.new" "$copy/secret/boxes"
    say "2/4 this box is $name"
}

take_free_name() {
    [ -s "$copy/secret/boxes" ] || fail "expected names for boxes on this stick, got none." "sh $stick/install.sh NAME"
    # What lies in taken/ is under no fingerprint: a link there would have root write elsewhere.
    [ ! -L "$stick/taken" ] || fail "$stick/taken: expected a folder, got a link. Nothing was written." "use another copy"
    mkdir -p "$stick/taken" 2>/dev/null || true
    while read -r free _token; do
        if [ -L "$stick/taken/$free" ] || { [ -e "$stick/taken/$free" ] && [ ! -f "$stick/taken/$free" ]; }; then
            fail "$stick/taken/$free: expected a file, got something else. Nothing was written." "use another copy"
        fi
        [ -s "$stick/taken/$free" ] || rm -f "$stick/taken/$free" 2>/dev/null || true # of a power cut
        if [ ! -s "$stick/taken/$free" ] && ! (set -C && cat "$KEPT/box" >"$stick/taken/$free") 2>/dev/null; then
            fail "$stick/taken/$free: expected a stick that can be written to, so that no two boxes get one name." \
                "mount it for writing, or give a name: sh $stick/install.sh NAME"
        fi
        sync
        if cmp -s "$KEPT/box" "$stick/taken/$free"; then
            keep_name "$free"
            return 0
        fi
    done <"$copy/secret/boxes"
    fail "expected a name that is free, got none: all $(wc -l <"$copy/secret/boxes") are taken." \
        "write a stick with more names, or give one: sh $stick/install.sh NAME"
}

lacking() { # of the files given, those that are not installed, or older
    for deb in "$@"; do
        have=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$(dpkg-deb -f "$deb" Package)" 2>/dev/null || true)
        case $have in
        "installed "*) dpkg --compare-versions "${have#installed }" ge "$(dpkg-deb -f "$deb" Version)" && continue ;;
        esac
        printf '%s\n' "$deb"
    done
}

install_packages() {
    say "3/4 installing the package"
    log=$KEPT/dpkg.log
    dpkg --configure -a >"$log" 2>&1 || true # what a power cut left; what it cannot mend is installed again below
    # What is needed before ours. Some packages must be set up before others can be unpacked (Pre-Depends): in rounds.
    set -f # one word a file: the manifest's names have no spaces
    for _round in 1 2 3 4; do
        # shellcheck disable=SC2046
        set -- $(lacking $(needed))
        [ $# -gt 0 ] || break
        dpkg --force-confdef --force-confold --install "$@" >>"$log" 2>&1 || true
    done
    # shellcheck disable=SC2046
    set -- $(lacking $(needed) $(ours))
    set +f
    if [ $# -gt 0 ] && ! dpkg --force-confdef --force-confold --install "$@" >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "$(basename "$1"): expected dpkg to install it, got the above." \
            "packages that it needs may be missing on the stick: see --debs of sekisho provision usb"
    fi
    sync
}

ours() { find "$copy/packages/$target" -name 'sekisho_*.deb'; }

needed() { find "$copy/packages/$target" -name '*.deb' ! -name 'sekisho_*' | sort; }

set_up() {
    say "4/4 settings, registry, policy, model pack; starting the bench"
    /usr/bin/sekisho provision first-boot --wait "$KEPT" ||
        fail "the first boot did not end well: see above." "mend that, and run this again: it goes on where it ended"
}

{ # read whole before any of it is done: the stick may be in the next box while this one still works
    require_box
    if [ -z "$asked" ] && [ -s "$KEPT/done" ] && [ "$(cat "$KEPT/done")" = "$MANIFEST" ]; then
        say "this box is $(cat "$KEPT/name") and has all that is on this stick: nothing to do"
        exit 0
    fi
    bring
    take_name
    install_packages
    set_up
    exit 0
}
