import queue
import threading

pages = queue.Queue()


def send(n):
    pages.put(f"page {n}")  # ①
    pages.put(None)  # ② "I have no more"


for n in range(1, 4):
    threading.Thread(target=send, args=(n,)).start()
n_sending = 3
while n_sending > 0:  # ③
    page = pages.get()
    if page is None:
        n_sending -= 1
    else:
        print(f"{page} has come")
print("no sender is left")
